import Packages
package import Primitives

/// Reads `deploy.lock`; the format is described at ``LockWriter``.
package enum LockReader {
    /// The lock that `bytes`, the contents of `file`, hold.
    ///
    /// Lines may stand in any order within their section, as they do after a merge. Anything that is not exactly as the
    /// format has it is an error: all of them are thrown at once, twenty at most.
    package static func read(_ bytes: [UInt8], file: String) throws(UserErrors) -> Lock {
        try bytes.withUnsafeBufferPointer { (buffer) throws(UserErrors) in
            var parser = LockParser(bytes: buffer, file: file)
            let lock = parser.parse()
            guard parser.errors.isEmpty else { throw UserErrors(parser.errors) }
            return lock
        }
    }
}

/// The state of reading one lock: where it is, the section it is in, and what was wrong so far.
private struct LockParser {
    private var lines: LockLines
    private var distributions: [LockedDistribution] = []
    private var section: Section?
    private var lists: [ListedProfiles] = []
    private(set) var errors: [any UserError] = []
    private var version: Int64 = 0

    private struct Section {
        let line: Int
        let name: String
        /// What its line says; nil in a lock of version 3, whose other lines tell.
        let family: PackageFamily?
        let architecture: String
        var release: (number: String, codename: String)?
        var foreign: [String] = []
        var repositories = Facts<Placed<LockedRepository>>()
        var pins = Facts<Placed<LockedPin>>()
        var excludes: [String] = []
        var modules: [String] = []
        var rpmRepositories = Facts<Placed<LockedRPMRepository>>()
        var seals: [String: LockSeal] = [:]
        var wishes = Facts<LockedWish>()
        var snapshots = Facts<LockedSnapshot>()
        var indexes = Facts<LockedIndex>()
        var packages = Facts<LockedPackage>()
        var built = Facts<LockedBuild>()
        /// Those of which there was one, and there may be no other.
        var single: Set<LockLine> = []
    }

    /// A value whose place in a list is written before it.
    private struct Placed<Value>: Comparable {
        let place: Int64
        let value: Value
        static func < (a: Self, b: Self) -> Bool { a.place < b.place }
        static func == (a: Self, b: Self) -> Bool { a.place == b.place }
    }

    /// Values and the lines they stand on. A file that is in order, as all are but after a merge, is not sorted again.
    private struct Facts<Value: Comparable> {
        private(set) var values: [Value] = []
        private(set) var lines: [Int] = []
        private(set) var isSorted = true

        mutating func append(_ value: Value, line: Int) {
            if isSorted, let last = values.last, !(last < value) { isSorted = false }
            values.append(value)
            lines.append(line)
        }
    }

    private struct ListedProfiles {
        let text: UnsafeBufferPointer<UInt8>
        let names: [String]
    }

    init(bytes: UnsafeBufferPointer<UInt8>, file: String) { lines = LockLines(bytes: bytes, file: file) }

    mutating func parse() -> Lock {
        var hasVersion = false
        while errors.count < 20, lines.next() {
            do throws(Mistake) {
                if let marker = lines.conflictMarker { throw conflict(marker) }
                try lines.split()
                if lines.isEmpty { continue }
                if !hasVersion {
                    try readVersion()
                    hasVersion = true
                    continue
                }
                try readLine()
            } catch {
                errors.append(error)
                // Nothing that follows can be understood without knowing the version.
                if !hasVersion, lines.conflictMarker == nil { break }
            }
        }
        if !hasVersion, errors.isEmpty { errors.append(lines.error("there is no version line", hint: Self.again)) }
        finishSection()
        return Lock(distributions)
    }

    private static let again =
        "restore the file from git, or remove it: then `./deploy build` makes it anew from today's packages"

    private func conflict(_ marker: String) -> Mistake {
        lines.error(
            "git left a merge conflict here (\(marker))",
            hint: "keep one side, remove the marks, and run `./deploy build`: it adds what the other side's sets need")
    }

    private mutating func readVersion() throws(Mistake) {
        guard lines.kind == .version else {
            throw lines.error("a lock begins with a version line", hint: Self.again)
        }
        try lines.expectFields(of: .version, in: version)
        version = try lines.number(1)
        guard (1...LockWriter.version).contains(version) else {
            throw lines.error(
                "this lock has version \(version) of the format, and this deploy reads versions 1 to \(LockWriter.version)",
                field: 1, hint: "use the deploy that wrote it, or remove the file to make it anew")
        }
        lines.hasEncodedPaths = version > 2
    }

    private mutating func readLine() throws(Mistake) {
        guard let kind = lines.kind, kind != .version else {
            throw lines.error(
                "a line cannot begin with \"\(lines.keyword)\"",
                hint: NearestNames.hint(
                    for: lines.keyword,
                    in: LockLine.allCases.filter { ![.version, .declaration].contains($0) }.map(\.rawValue)))
        }
        guard kind != .distribution else { return try beginSection() }
        // Taken out while it changes, so that its arrays are not copied.
        guard var current = section.take() else {
            throw lines.error("a \(kind.rawValue) line before any distribution line", hint: Self.again)
        }
        defer { section = current }
        if let family = current.family, let other = kind.family, other != family {
            throw lines.error(
                "\(current.name) is of the family \(family.rawValue), and \"\(kind.rawValue)\" of \(other.rawValue)")
        }
        try lines.expectFields(of: kind, in: version)
        if kind.isSingle, !current.single.insert(kind).inserted { throw lines.error("a second \(kind.rawValue) line") }
        switch kind {
        case .package: current.packages.append(try package(isEssential: false), line: lines.number)
        case .essential: current.packages.append(try package(isEssential: true), line: lines.number)
        case .index: current.indexes.append(try index(), line: lines.number)
        case .snapshot: current.snapshots.append(try snapshot(), line: lines.number)
        case .built: current.built.append(try built(), line: lines.number)
        case .want:
            current.wishes.append(
                LockedWish(profile: try lines.string(1), text: try lines.string(2)), line: lines.number)
        case .profile:
            let name = try lines.string(1)
            guard current.seals[name] == nil else { throw lines.error("the profile \(name) is there twice") }
            current.seals[name] = LockSeal(
                count: Int(try lines.number(2)), size: try lines.size(3), mark: try lines.string(4))
        case .release: current.release = (try lines.string(1), try lines.string(2))
        case .foreign: current.foreign = try list(1)
        case .repository: current.repositories.append(try repository(), line: lines.number)
        case .pin: current.pins.append(try pin(), line: lines.number)
        case .rpmRepository: current.rpmRepositories.append(try rpmRepository(), line: lines.number)
        case .excludes: current.excludes = try list(1)
        case .modules: current.modules = try list(1)
        case .declaration, .distribution, .version: break
        }
    }

    private mutating func beginSection() throws(Mistake) {
        finishSection()
        try lines.expectFields(of: .distribution, in: version)
        let name = try lines.string(1)
        let family = version > 3 ? try self.family(2) : nil
        if distributions.contains(where: { $0.name == name }) {
            errors.append(lines.error("the distribution \(name) is there twice", field: 1))
        }
        section = Section(
            line: lines.number, name: name, family: family, architecture: try lines.string(family == nil ? 2 : 3))
    }

    private func family(_ number: Int) throws(Mistake) -> PackageFamily {
        let word = try lines.string(number)
        guard let family = PackageFamily(rawValue: word) else {
            let known = PackageFamily.allCases.map(\.rawValue).joined(separator: " or ")
            throw lines.error("a family is \(known)", field: number)
        }
        return family
    }

    private mutating func package(isEssential: Bool) throws(Mistake) -> LockedPackage {
        return LockedPackage(
            name: try lines.string(1), version: try lines.string(2), architecture: try lines.string(3),
            profiles: try profiles(4), isEssential: isEssential, size: try lines.size(5),
            repository: try lines.string(6), path: try lines.location(7), digest: try lines.digest(8))
    }

    private func repository() throws(Mistake) -> Placed<LockedRepository> {
        let files = try files(5)
        let word = try lines.string(5)
        let keyring = files != nil || word == LockWriter.unsigned ? nil : try lines.digest(5)
        let components = try list(4)
        return Placed(
            place: try lines.number(1),
            value: LockedRepository(
                name: try lines.string(2), suites: try list(3),
                components: components == [LockWriter.none] ? [] : components,
                keyring: keyring, files: files))
    }

    /// The digest of the files of a repository of the user's own, where field `number` has one.
    private func files(_ number: Int) throws(Mistake) -> Digest? {
        let text = try lines.string(number)
        guard text.hasPrefix(LockWriter.files) else { return nil }
        guard let digest = Digest(hex: String(text.dropFirst(LockWriter.files.count))) else {
            throw lines.error("this should be \(LockWriter.files) and a SHA-256", field: number)
        }
        return digest
    }

    private func rpmRepository() throws(Mistake) -> Placed<LockedRPMRepository> {
        let words = [LockWriter.none, LockedRPMRepository.hotfixes]
        let modules = try lines.string(5)
        guard words.contains(modules) else {
            throw lines.error("this should be \(words.joined(separator: " or "))", field: 5)
        }
        let excludes = try list(6)
        let files = try files(7)
        let trust: LockedRPMRepository.Trust =
            switch try lines.string(7) {
            case LockWriter.unsigned: .unsigned
            case LockedRPMRepository.metalink: .metalink
            default: if let files { .files(files) } else { .keys(try lines.digest(7)) }
            }
        return Placed(
            place: try lines.number(1),
            value: LockedRPMRepository(
                name: try lines.string(2), trust: trust,
                packageKeys: try lines.string(8) == LockWriter.unsigned ? nil : try lines.digest(8),
                priority: Int(try lines.number(3)), cost: Int(try lines.number(4)),
                excludes: excludes == [LockWriter.none] ? [] : excludes,
                ignoresModules: modules == LockedRPMRepository.hotfixes))
    }

    private func pin() throws(Mistake) -> Placed<LockedPin> {
        guard let priority = Int(try lines.string(2)) else {
            throw lines.error("a priority is a whole number", field: 2)
        }
        return Placed(
            place: try lines.number(1),
            value: LockedPin(priority: priority, packages: try list(3), encodedTarget: try lines.string(4)))
    }

    private func list(_ number: Int) throws(Mistake) -> [String] {
        try lines.string(number).split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    private func unlessNone(_ number: Int) throws(Mistake) -> String? {
        let text = try lines.string(number)
        return text == LockWriter.none ? nil : text
    }

    private func index() throws(Mistake) -> LockedIndex {
        return LockedIndex(
            repository: try lines.string(1), suite: try unlessNone(2), component: try unlessNone(3),
            architecture: try unlessNone(4), size: try lines.size(5), path: try lines.path(6),
            digest: try lines.digest(7))
    }

    private func snapshot() throws(Mistake) -> LockedSnapshot {
        return LockedSnapshot(
            repository: try lines.string(1), suite: try unlessNone(2), date: try lines.date(3),
            digest: try lines.digest(5), size: try lines.size(4))
    }

    private mutating func built() throws(Mistake) -> LockedBuild {
        return LockedBuild(
            name: try lines.string(1), version: try lines.string(2), architecture: try lines.string(3),
            profiles: try profiles(4))
    }

    /// The names in field `number`. There are few different lists in thousands of lines: each is made once.
    private mutating func profiles(_ number: Int) throws(Mistake) -> [String] {
        let text = lines.field(number)
        for known in lists where lines.field(number, equals: known.text) {
            return known.names
        }
        let names = try lines.string(number).split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard !names.contains(""), Set(names).count == names.count else {
            throw lines.error("profiles are names with commas between, each once", field: number)
        }
        lists.append(ListedProfiles(text: text, names: names))
        return names
    }

    // MARK: The end of a section

    private mutating func finishSection() {
        guard let section = section.take() else { return }
        // What was resolved has profiles, and they have packages.
        if version > 1, section.packages.values.isEmpty, section.built.values.isEmpty,
            section.seals.values.allSatisfy({ $0.count > 0 })
        {
            let what = "the lock ends before the packages of \(section.name): it was cut off"
            errors.append(lines.error(what, line: lines.number, hint: Self.again))
        }
        let snapshots = inOrder(section.snapshots) { "the snapshot of \($0.name)" }
        let known = Set(snapshots.map(\.repository))
        let essential = section.packages.values.filter(\.isEssential)
        let essentialNames = Set(essential.map(\.name))
        for (package, line) in zip(section.packages.values, section.packages.lines) {
            if !known.contains(package.repository) {
                let what = "\(package.name) is from \(package.repository), which has no snapshot line"
                errors.append(lines.error(what, line: line, hint: Self.again))
            }
            // Lines of the two kinds are not neighbours when sorted, so this is not among what `inOrder` finds.
            if !package.isEssential, essentialNames.contains(package.name),
                essential.contains(where: { $0.isSame(as: package) })
            {
                errors.append(lines.error("\(package.name) is essential on another line", line: line, hint: Self.again))
            }
        }
        let wishes = inOrder(section.wishes) { "\($0.text) of \($0.profile)" }
        let repositories = inOrder(section.repositories) { "place \($0.place) among the repositories" }
        let pins = inOrder(section.pins) { "place \($0.place) among the pins" }
        let rpm = inOrder(section.rpmRepositories) { "place \($0.place) among the RPM repositories" }
        let family = section.family ?? (rpm.isEmpty ? .apt : .rpm)
        let asked = section.release.map { release in
            LockedRequest(
                release: release.number, codename: release.codename,
                source: {
                    switch family {
                    case .apt:
                        .apt(
                            LockedAPTRequest(
                                foreignArchitectures: section.foreign, repositories: repositories.map(\.value),
                                pins: pins.map(\.value)))
                    case .rpm:
                        .rpm(
                            LockedRPMRequest(
                                excludes: section.excludes, modules: section.modules, repositories: rpm.map(\.value)))
                    }
                }(),
                profiles: Array(Set(section.seals.keys).union(wishes.map(\.profile))),
                wishes: wishes)
        }
        let indexes = inOrder(section.indexes) { "the index \($0.path)" }
        let packages = inOrder(section.packages) { "\($0.name) \($0.version) \($0.architecture)" }
        let built = inOrder(section.built) { "\($0.name) \($0.version) \($0.architecture)" }
        func distribution(unsealed: [String]) -> LockedDistribution {
            LockedDistribution(
                name: section.name, family: family, architecture: section.architecture, asked: asked,
                snapshots: snapshots,
                indexes: indexes, packages: packages, built: built, unsealed: unsealed)
        }
        let read = distribution(unsealed: [])
        let seals = LockSeal.all(of: read)
        let unsealed = Set(seals.keys).union(section.seals.keys).filter { seals[$0] != section.seals[$0] }
        distributions.append(asked == nil || unsealed.isEmpty ? read : distribution(unsealed: unsealed.sorted()))
    }

    /// The values sorted; an error for each that is there twice.
    private mutating func inOrder<T: Comparable>(_ facts: Facts<T>, called name: (T) -> String) -> [T] {
        if facts.isSorted { return facts.values }
        let order = facts.values.indices.sorted { facts.values[$0] < facts.values[$1] }
        for (first, second) in zip(order, order.dropFirst()) where !(facts.values[first] < facts.values[second]) {
            let (earlier, later) = (min(first, second), max(first, second))
            errors.append(
                lines.error(
                    "\(name(facts.values[later])) is there twice", line: facts.lines[later],
                    hint: "first on line \(facts.lines[earlier])"))
        }
        return order.map { facts.values[$0] }
    }
}

extension LockedPackage {
    fileprivate func isSame(as other: LockedPackage) -> Bool {
        name == other.name && version == other.version && architecture == other.architecture
    }
}
