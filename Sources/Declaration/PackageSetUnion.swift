package import Packages
package import Primitives

/// What several package sets say together on one architecture: the sets of a profile with all they include.
package struct PackageSetUnion: Hashable, Sendable {
    /// The entries in the order of names; nothing is both wanted and forbidden, nothing is there twice.
    package let entries: [PackageSetEntry]
    /// Entries left out because another set says them already.
    package let repeated: [PackageSetEntry]
    /// The files it was read from as shown to people, sorted.
    package let files: [String]
    /// Whether one of the sets says `@recommends`.
    package let followsRecommends: Bool

    /// Those that must be there, in the order of names.
    package var wanted: [PackageSetEntry] { entries.filter { $0.kind == .wanted } }
    /// Those that may be missing, in the order of names.
    package var optional: [PackageSetEntry] { entries.filter { $0.kind == .optional } }
    /// Those that must not be there, in the order of names.
    package var forbidden: [PackageSetEntry] { entries.filter { $0.kind == .forbidden } }

    /// Joins `entries`, leaving out what is meant for other architectures, said before, or optional and wanted.
    ///
    /// Throws an error for each architecture that the packages' family does not know, and for each name that is wanted and forbidden, or wanted in two versions or from two suites.
    package init(
        of entries: [PackageSetEntry], files: [String], family: PackageFamily, architecture: String,
        followsRecommends: Bool = false
    ) throws(UserErrors) {
        var groups: [String: [PackageSetEntry]] = [:]
        var repeated: [PackageSetEntry] = []
        var errors: [any UserError] = []
        for entry in entries {
            let mistakes = entry.mistakesInRestriction(family)
            errors += mistakes
            let isMeant =
                entry.restriction.isEmpty || entry.restriction.contains { family.isArchitecture($0, architecture) }
            guard isMeant, mistakes.isEmpty else { continue }
            if groups[entry.name, default: []].contains(where: { $0.meaning == entry.meaning }) {
                repeated.append(entry)
                continue
            }
            groups[entry.name, default: []].append(entry)
        }
        var united: [PackageSetEntry] = []
        for (_, group) in groups.sorted(by: { $0.key < $1.key }) {
            if let error = Self.contradiction(in: group) {
                errors.append(error)
                continue
            }
            // `name` and `name?` together: it is wanted.
            let wanted = Set(group.filter { $0.kind == .wanted }.map { $0.meaning.dropFirst() })
            united += group.filter { $0.kind != .optional || !wanted.contains($0.meaning.dropFirst()) }
                .sorted { $0.meaning.lexicographicallyPrecedes($1.meaning) }
        }
        guard errors.isEmpty else { throw UserErrors(errors) }
        self.entries = united
        self.repeated = repeated
        self.files = Set(files).sorted()
        self.followsRecommends = followsRecommends
    }

    /// What is wrong among the entries of one name, where anything is.
    private static func contradiction(in group: [PackageSetEntry]) -> Mistake? {
        if let forbidden = group.first(where: { $0.kind == .forbidden }),
            let wanted = group.first(where: { $0.kind != .forbidden })
        {
            return Mistake(
                "\(wanted.name) is wanted and forbidden", at: wanted.location,
                details: wanted.excerpt(note: wanted.kind == .optional ? "optional here" : "wanted here")
                    + ["\(forbidden.location): forbidden here"] + forbidden.excerpt(),
                hint: "remove one of the two lines, or put the sets into different profiles")
        }
        for (index, entry) in group.enumerated() {
            let other = group[..<index].first { $0.architecture == entry.architecture && !$0.agrees(with: entry) }
            guard let other else { continue }
            return Mistake(
                "\(entry.name) is asked for as \(other.text) and as \(entry.text)", at: entry.location,
                details: entry.excerpt() + ["\(other.location): the other"] + other.excerpt(),
                hint: "remove one of the two lines, or put the sets into different profiles")
        }
        return nil
    }
}

extension PackageSetEntry {
    /// An error for each architecture in brackets that there is not: it would leave the entry out in silence.
    fileprivate func mistakesInRestriction(_ family: PackageFamily) -> [Mistake] {
        restriction.compactMap { name in
            guard let problem = family.problem(ofArchitecture: name, allowsWildcards: true) else { return nil }
            var place = location
            let bracket = line.firstIndex(of: "[") ?? line.startIndex
            if let word = line[bracket...].firstRange(of: name) {
                place.column = line.distance(from: line.startIndex, to: word.lowerBound) + 1
            }
            return Mistake(
                problem.what, at: place,
                details: PackageSetExcerpt.lines(line, at: place, length: name.count, note: nil), hint: problem.hint)
        }
    }

    /// Whether no version is asked for that the other excludes, and no suite.
    fileprivate func agrees(with other: PackageSetEntry) -> Bool {
        (version == nil || other.version == nil || version == other.version)
            && (suite == nil || other.suite == nil || suite == other.suite)
    }
}

/// A profile as far as package sets are concerned: a name and the sets that make it up.
package struct PackageSetProfile: Hashable, Sendable {
    /// "server"
    package let name: String
    /// In the order of the file; what they include is not among them.
    package let sets: [PackageSetReference]

    package init(name: String, sets: [PackageSetReference]) {
        self.name = name
        self.sets = sets
    }
}
