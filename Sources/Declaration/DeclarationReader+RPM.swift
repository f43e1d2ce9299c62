import Packages
import Primitives
import SystemPackage

/// A distribution of RPM packages, `family: rpm`.
extension DeclarationReader {
    static let rpmKeys = [
        "family", "release", "platform", "architecture", "online", "repositories", "excludes", "modules", "zfs",
        "profiles", "gates",
    ]

    mutating func rpmDistribution(
        _ section: DeclarationFields.Section, name: String
    ) -> Declaration.Distribution? {
        let release = fields.string("release", of: section, example: "release: \"9\"", problem: Self.problemOfWord)
        let platform = fields.string("platform", of: section, example: "platform: el9", problem: Self.problemOfWord)
        let architecture = fields.string(
            "architecture", of: section, example: "architecture: x86_64", problem: Self.problemOfArchitecture(.rpm))
        let isOnline = fields.flag("online", of: section)
        let excludes = patterns(section)
        let modules = modules(section)
        let zfs = zfs(section)
        let profiles = profiles(section)
        var repositories: [Declaration.RPMRepository]? = []
        if isOnline == true {
            if section.has("repositories") {
                fields.report(
                    "\(name) is online: nothing is mirrored of it", at: section.keyLocation(of: "repositories"),
                    hint: "remove its repositories, or online: true")
            }
            for key in ["excludes", "modules", "zfs", "gates"] where section.has(key) {
                fields.report(
                    "\(name) is online: nothing is resolved of it, and \(key) would have no effect",
                    at: section.keyLocation(of: key), hint: "remove it, or online: true")
            }
        } else if let release, let architecture {
            repositories = rpmRepositories(section, release: release.value, architecture: architecture.value)
        }
        guard let release, let platform, let architecture, let isOnline, let excludes, let modules, let profiles,
            let repositories
        else { return nil }
        let installed = namedInstallations(section, known: profiles.map(\.name))
        return Declaration.Distribution(
            name: name, release: release.value, codename: platform.value, architecture: architecture.value,
            profiles: profiles, namedInstallations: installed,
            source: .rpm(
                Declaration.RPMSource(
                    platform: platform.value, repositories: repositories, excludes: excludes, modules: modules,
                    zfs: zfs, isOnline: isOnline)))
    }

    /// The patterns of the key `excludes`.
    private mutating func patterns(_ section: DeclarationFields.Section) -> [String]? {
        guard section.has("excludes") else { return [] }
        return fields.strings("excludes", of: section, example: "excludes: [\"kernel-rt*\"]", allowsNone: true) {
            let isFine = $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ",") }
            return isFine ? nil : "a name, in which *, ? and [a-z] stand for characters"
        }?.map(\.value)
    }

    private mutating func modules(_ section: DeclarationFields.Section) -> [Declaration.ModuleStream]? {
        guard section.has("modules") else { return [] }
        guard
            let words = fields.strings(
                "modules", of: section, example: "modules: [\"nodejs:20\"]", allowsNone: true,
                problem: {
                    Declaration.ModuleStream($0) == nil ? "MODULE:STREAM, as nodejs:20" : nil
                })
        else { return nil }
        var streams: [Declaration.ModuleStream] = []
        for word in words {
            guard let stream = Declaration.ModuleStream(word.value) else { continue }
            if let other = streams.first(where: { $0.module == stream.module }) {
                fields.report(
                    "only one stream of \(stream.module) can be enabled", at: word.location,
                    hint: "\(other.module):\(other.stream) is, too")
            }
            streams.append(stream)
        }
        return streams
    }

    private mutating func zfs(_ section: DeclarationFields.Section) -> Declaration.RPMSource.ZFS? {
        guard section.has("zfs") else { return nil }
        let known = Declaration.RPMSource.ZFS.allCases.map(\.rawValue)
        let word = fields.string("zfs", of: section, example: "zfs: kmod") {
            known.contains($0) ? nil : "\(known.joined(separator: " or ")), or no such key"
        }
        return word.flatMap { Declaration.RPMSource.ZFS(rawValue: $0.value) }
    }

    private mutating func rpmRepositories(
        _ section: DeclarationFields.Section, release: String, architecture: String
    ) -> [Declaration.RPMRepository]? {
        repositories(of: section, example: "{name: centos-baseos, metalink: https://…, …}") { reader, item, name in
            reader.rpmRepository(item, name: name, release, architecture).map { ($0, $0.name, $0.location) }
        }
    }

    private mutating func rpmRepository(
        _ document: DeclarationDocument, name: String, _ release: String, _ architecture: String
    ) -> Declaration.RPMRepository? {
        let keys = [
            "name", "baseurl", "mirrorlist", "metalink", "keys", "package-keys", "vouched-by", "unsigned", "priority",
            "cost", "excludes", "module-hotfixes", "max-age", "packages",
        ]
        guard let section = fields.section(document, name: name, keys: keys) else { return nil }
        let called = fields.string("name", of: section, example: "name: centos-baseos", problem: Self.problemOfName)
        let access = access(section, release, architecture)
        let trust = rpmTrust(section, access)
        let priority = fields.integer("priority", of: section, in: 1...99, or: 99)
        let cost = fields.integer("cost", of: section, in: 0...1_000_000, or: 1000)
        let excludes = patterns(section)
        let ignoresModules = fields.flag("module-hotfixes", of: section)
        let maximumAge = maximumAge(section)
        guard let called, let access, let (trust, packageKeys) = trust, let priority, let cost, let excludes,
            let ignoresModules, let maximumAge
        else { return nil }
        return Declaration.RPMRepository(
            name: called.value, access: access, trust: trust, packageKeys: packageKeys, priority: priority, cost: cost,
            excludes: excludes, ignoresModules: ignoresModules, maximumAge: maximumAge, location: section.location)
    }

    /// One of `baseurl`, `mirrorlist` and `metalink`, with what `$releasever` and `$basearch` stand for.
    private mutating func access(
        _ section: DeclarationFields.Section, _ release: String, _ architecture: String
    ) -> Declaration.RPMRepository.Access? {
        if section.has("packages") {
            let others = ["baseurl", "mirrorlist", "metalink", "keys", "package-keys", "vouched-by", "unsigned"]
            return packages(section, example: "packages: [./rpms/*.rpm]", instead: others).map { .packages($0) }
        }
        let given = ["baseurl", "mirrorlist", "metalink"].filter(section.has)
        guard let key = given.first, given.count == 1 else {
            fields.report(
                "\(section.name) has \(given.isEmpty ? "no address" : given.joined(separator: " and "))",
                at: given.isEmpty ? section.location : section.keyLocation(of: given[1]),
                hint:
                    "one of baseurl: [https://…], mirrorlist: https://…, metalink: https://…, packages: [./rpms/*.rpm]")
            return nil
        }
        let (folder, home) = (folder, home)
        func address(_ text: String) -> MirrorAddress? {
            let plain = Self.replacing(
                "$basearch", with: architecture, in: Self.replacing("$releasever", with: release, in: text))
            return plain.contains("$") ? nil : MirrorAddress(plain, relativeTo: folder, home: home)
        }
        let problem = { (text: String) -> String? in
            address(text) == nil
                ? "\(MirrorAddress.problem(of: text)); $releasever and $basearch are known, other variables are not"
                : nil
        }
        switch key {
        case "baseurl":
            guard
                let words = fields.strings(
                    "baseurl", of: section, example: "baseurl: [\"https://mirror.example.org/BaseOS/x86_64/os\"]",
                    problem: problem)
            else { return nil }
            return .mirrors(words.compactMap { address($0.value) })
        case "mirrorlist":
            let word = fields.string(
                "mirrorlist", of: section, example: "mirrorlist: https://mirrors.example.org/mirrorlist?repo=BaseOS-9",
                problem: problem)
            return word.flatMap { address($0.value) }.map { .mirrorlist($0) }
        default:
            let word = fields.string(
                "metalink", of: section, example: "metalink: https://mirrors.example.org/metalink?repo=epel-9",
                problem: problem)
            return word.flatMap { address($0.value) }.map { .metalink($0) }
        }
    }

    /// Who vouches for the metadata, and whose signature packages must have.
    private mutating func rpmTrust(
        _ section: DeclarationFields.Section, _ access: Declaration.RPMRepository.Access?
    ) -> (Declaration.RPMRepository.Trust, [FilePath])? {
        if section.has("packages") { return (.unsigned, []) }
        guard let isUnsigned = fields.flag("unsigned", of: section) else { return nil }
        if isUnsigned {
            for key in ["keys", "package-keys", "vouched-by"] where section.has(key) {
                fields.report("an unsigned repository has no \(key)", at: section.keyLocation(of: key))
            }
            return (.unsigned, [])
        }
        var isVouchedFor = false
        if section.has("vouched-by") {
            let word = fields.string("vouched-by", of: section, example: "vouched-by: metalink") {
                $0 == "metalink" ? nil : "metalink, or no such key"
            }
            guard word != nil else { return nil }
            isVouchedFor = true
            guard case .metalink(let address) = access, !address.url.hasPrefix("http:") else {
                fields.report(
                    "only a metalink that comes over https vouches for anything",
                    at: section.keyLocation(of: "vouched-by"),
                    hint: "metalink: https://…, or keys: [FILE] whose signature repomd.xml.asc has")
                return nil
            }
        }
        let example = "keys: [/usr/share/distribution-gpg-keys/centos/RPM-GPG-KEY-CentOS-Official-SHA256]"
        guard
            let keys = keyFiles("keys", of: section, example: example + " (or unsigned: true, which trusts everybody)")
        else { return nil }
        let packageKeys =
            section.has("package-keys") ? keyFiles("package-keys", of: section, example: example) : keys
        return packageKeys.map { (isVouchedFor ? .metalink : .keys(keys), $0) }
    }

    private mutating func keyFiles(
        _ key: String, of section: DeclarationFields.Section, example: String
    ) -> [FilePath]? {
        guard let words = fields.strings(key, of: section, example: example) else { return nil }
        for word in words where !exists(path(word.value)) {
            if missingKeyrings[section.location] == nil { missingKeyrings[section.location] = word.location }
        }
        return words.map { path($0.value) }
    }

    private static func replacing(_ word: String, with value: String, in text: String) -> String {
        var rest = text[...]
        var result = ""
        while let range = rest.firstRange(of: word) {
            result += rest[..<range.lowerBound] + value
            rest = rest[range.upperBound...]
        }
        return result + rest
    }
}
