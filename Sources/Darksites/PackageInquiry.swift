package import APT
package import Primitives
import Solver

/// Why a package is in a mirror, or why it is not.
package struct PackageInquiry: Hashable, Sendable {
    /// A package that is in, and what brings it.
    package struct Member: Hashable, Sendable {
        package let name: String
        package let version: String
        package let architecture: String
        /// Of the package file; nil for one that the build makes.
        package let size: ByteCount?
        package let installedSize: ByteCount?
        package let reasons: [Reason]

        /// In the order of the declaration.
        package var profiles: [String] { reasons.flatMap(\.profiles) }
    }

    /// Profiles in which a package is there for the same reason.
    package struct Reason: Hashable, Sendable {
        package var profiles: [String]
        package let chain: PackageChain
    }

    /// A line about the package that asked for nothing, and the profiles it is in.
    package struct Line: Hashable, Sendable {
        package var profiles: [String]
        package let entry: PackageSetEntry
    }

    /// A relation of a package that is in, to the package that isn't.
    package struct Mention: Hashable, Sendable {
        package let package: String
        package let version: String
        package let field: String
        package let relation: String
        /// The package of the mirror that answers the relation instead.
        package let answer: String?
    }

    /// The name that was asked for, and the question as it was written: "htop", "htop=3.4.1-5".
    package let name: String
    package let question: String
    /// The packages of this name that are in.
    package let members: [Member]
    /// Packages of this name that are in, and are of another version, suite or architecture than was asked for.
    package let others: [Member]
    /// Packages that are in and provide the name.
    package let providers: [Member]
    /// Packages of the archive that provide the name and are not in, by name.
    package let otherProviders: [String]
    /// The versions that the archive has, as "3.4.1-5 amd64, debian trixie/main".
    package let available: [String]
    /// Lines `-name`, and lines `name?` that could not be had.
    package let forbidden: [Line]
    package let dropped: [Line]
    /// Who speaks of the package; looked for only where it isn't in.
    package let mentions: [Mention]

    package var isInMirror: Bool { !members.isEmpty || !providers.isEmpty }

    /// Whether the archive has no package of this name, and others provide it.
    package var isVirtual: Bool { available.isEmpty }
}

extension PackageInquiry {
    /// Asks for `request` in what `request.profiles` resolved to.
    ///
    /// Throws `PackageRequestError` where neither the archive nor a package set knows the name.
    package init(
        _ asked: PackageRequest, of request: ResolutionRequest, in profiles: [SolvedProfile], catalog: Catalog
    ) throws(PackageRequestError) {
        let table = catalog.table
        let named = table.packages(named: asked.name)
        // A version or a suite is one of the package itself.
        let isPlain = asked.version == nil && asked.suite == nil
        let providing = isPlain || named.isEmpty ? table.providers(of: asked.name) : []
        name = asked.name
        question = asked.description
        available = named.map { package in
            let origin = table.origins(of: package).map(\.name).joined(separator: ", ")
            return "\(table.version(of: package)) \(table.architecture(of: package)), \(origin)"
        }
        members = named.filter { asked.isAnswered(by: $0, in: table) }
            .compactMap { Self.member($0, in: profiles, table) }
        others = named.filter { !asked.isAnswered(by: $0, in: table) }
            .compactMap { Self.member($0, in: profiles, table) }
        providers = providing.compactMap { Self.member($0, in: profiles, table) }
        let present = Set(providers.map(\.name))
        otherProviders = Set(providing.map { table.name(of: $0) }).subtracting(present).sorted()
        forbidden = Self.lines(in: request) { entry, _ in entry.kind == .forbidden && entry.name == asked.name }
        let isIn = !members.isEmpty || !others.isEmpty
        dropped = Self.lines(in: request) { entry, _ in !isIn && entry.kind == .optional && entry.name == asked.name }
        guard !named.isEmpty || !providing.isEmpty || !forbidden.isEmpty || !dropped.isEmpty else {
            throw PackageRequestError(
                request: asked.name, problem: .unknownName(nearest: table.nearestNames(to: asked.name)))
        }
        mentions = isIn ? [] : Self.mentions(of: asked.name, in: profiles, table)
    }

    private static func member(_ package: PackageID, in profiles: [SolvedProfile], _ table: PackageTable) -> Member? {
        var reasons: [Reason] = []
        for profile in profiles {
            guard let chain = profile.chain(to: package) else { continue }
            if let same = reasons.firstIndex(where: { $0.chain == chain }) {
                reasons[same].profiles.append(profile.name)
            } else {
                reasons.append(Reason(profiles: [profile.name], chain: chain))
            }
        }
        guard !reasons.isEmpty else { return nil }
        let details = try? table.details(of: package)
        return Member(
            name: table.name(of: package), version: "\(table.version(of: package))",
            architecture: table.architecture(of: package), size: details?.size, installedSize: details?.installedSize,
            reasons: reasons)
    }

    private static func lines(
        in request: ResolutionRequest, where isMeant: (PackageSetEntry, ProfileRequest) -> Bool
    ) -> [Line] {
        var lines: [Line] = []
        for profile in request.profiles {
            for entry in profile.sets.entries where isMeant(entry, profile) {
                if let same = lines.firstIndex(where: { $0.entry == entry }) {
                    lines[same].profiles.append(profile.name)
                } else {
                    lines.append(Line(profiles: [profile.name], entry: entry))
                }
            }
        }
        return lines
    }

    /// What packages of the profiles say about `name`, the stronger relations first.
    private static func mentions(
        of name: String, in profiles: [SolvedProfile], _ table: PackageTable
    ) -> [Mention] {
        let members = Set(profiles.flatMap(\.packages))
        let inMirror = Set(members.map { table.name(of: $0) })
        var found: [Mention] = []
        for package in members.sorted() {
            for mention in table.mentions(of: [name], by: package) {
                let others = mention.names.filter { $0 != name }
                let answer =
                    others.first(where: inMirror.contains)
                    ?? mention.names.lazy.compactMap { other in
                        table.providers(of: other).first(where: members.contains).map { table.name(of: $0) }
                    }.first
                found.append(
                    Mention(
                        package: table.name(of: package), version: "\(table.version(of: package))",
                        field: mention.field, relation: mention.relation, answer: answer))
            }
        }
        let strength = ["Pre-Depends": 0, "Depends": 1, "Recommends": 2, "Suggests": 3]
        return found.sorted { a, b in
            let (left, right) = (strength[a.field] ?? 4, strength[b.field] ?? 4)
            return left == right ? a.package < b.package : left < right
        }
    }
}

extension PackageRequest {
    /// Whether `package`, which is called so, has the version, the suite and the architecture that are asked for.
    fileprivate func isAnswered(by package: PackageID, in table: PackageTable) -> Bool {
        if let architecture, table.architecture(of: package) != architecture { return false }
        if let version, "\(table.version(of: package))" != version { return false }
        if let suite, !table.origins(of: package).contains(where: { $0.isSuite(suite) }) { return false }
        return true
    }
}
