import APT
import Packages
import Primitives
import SystemPackage

/// The section `distributions`.
extension DeclarationReader {
    mutating func distributions(_ root: DeclarationFields.Section) -> [Declaration.Distribution]? {
        guard let document = fields.required("distributions", of: root, example: "distributions: {debian: {…}}"),
            let members = fields.members(document, name: "distributions")
        else { return nil }
        if members.isEmpty { fields.report("distributions is empty", at: document.location) }
        let distributions = members.map { distribution($0) }
        // Where its files are fetched from is known by a repository's name alone.
        var seen: [String: String] = [:]
        for distribution in distributions.compactMap({ $0 }) {
            let repositories =
                switch distribution.source {
                case .apt(let source): source.repositories.map { ($0.name, $0.location) }
                case .rpm(let source): source.repositories.map { ($0.name, $0.location) }
                }
            for (name, location) in repositories {
                if let other = seen[name], other != distribution.name {
                    fields.report(
                        "\(other) has a repository called \"\(name)\" too", at: location,
                        hint: "call it \(distribution.name)-\(name)")
                }
                seen[name] = distribution.name
            }
        }
        return distributions.contains { $0 == nil } ? nil : distributions.compactMap { $0 }
    }

    private mutating func distribution(_ member: DeclarationDocument.Member) -> Declaration.Distribution? {
        let place = "distributions.\(member.key)"
        checkName(member, of: "a distribution")
        guard let family = family(member.value, name: place) else { return nil }
        let keys =
            switch family {
            case .apt: Self.aptKeys
            case .rpm: Self.rpmKeys
            }
        guard let section = fields.section(member.value, name: place, at: member.location, keys: keys) else {
            return nil
        }
        return switch family {
        case .apt: aptDistribution(section, name: member.key)
        case .rpm: rpmDistribution(section, name: member.key)
        }
    }

    private static let aptKeys = [
        "release", "codename", "architecture", "foreign-architectures", "repositories", "pins", "profiles",
        "zfs-module", "gates", "family", "like",
    ]

    private mutating func aptDistribution(
        _ section: DeclarationFields.Section, name: String
    ) -> Declaration.Distribution? {
        let release = fields.string("release", of: section, example: "release: \"13\"", problem: Self.problemOfWord)
        let codename = fields.string("codename", of: section, example: "codename: trixie", problem: Self.problemOfWord)
        let architecture = fields.string(
            "architecture", of: section, example: "architecture: amd64", problem: Self.problemOfArchitecture(.apt))
        let foreign = foreignArchitectures(section, native: architecture?.value)
        let vendor = vendor(section, of: name)
        let repositories = repositories(section) { isSecurity in
            VendorArchive(
                vendor: vendor, codename: codename?.value ?? "", isSecurity: isSecurity,
                architecture: architecture?.value ?? "")
        }
        let pins = pins(section)
        let profiles = profiles(section)
        let zfsModule = zfsModule(section)
        guard let release, let codename, let architecture, let repositories, let profiles else { return nil }
        let installed = namedInstallations(section, known: profiles.map(\.name))
        return Declaration.Distribution(
            name: name, release: release.value, codename: codename.value, architecture: architecture.value,
            profiles: profiles, namedInstallations: installed,
            source: .apt(
                Declaration.APTSource(
                    vendor: vendor, foreignArchitectures: foreign, repositories: repositories, pins: pins,
                    zfsModule: zfsModule)))
    }

    /// The value of `family`, which decides what other keys there are: apt where nothing is said, nil for another word, which is
    /// an error.
    private mutating func family(_ document: DeclarationDocument, name: String) -> PackageFamily? {
        guard case .mapping(let members) = document.content,
            let member = members.first(where: { $0.key == "family" })
        else { return .apt }
        let known = PackageFamily.allCases.map(\.rawValue)
        let word = fields.string(member.value, name: "\(name).family") {
            known.contains($0) ? nil : "\(known.joined(separator: " or ")); without this key it is apt"
        }
        return word.flatMap { PackageFamily(rawValue: $0.value) }
    }

    /// The value of `like`; where there is none, whom the name says.
    private mutating func vendor(_ section: DeclarationFields.Section, of name: String) -> Vendor {
        let standard = Vendor(distribution: name)
        guard section.has("like") else { return standard }
        let known = Vendor.all.map(\.name)
        let word = fields.string("like", of: section, example: "like: ubuntu") {
            known.contains($0) ? nil : known.joined(separator: " or ")
        }
        return Vendor.all.first { $0.name == word?.value } ?? standard
    }

    /// Architectures beside the native one; none where there is no such key.
    private mutating func foreignArchitectures(_ section: DeclarationFields.Section, native: String?) -> [String] {
        guard section.has("foreign-architectures") else { return [] }
        let found = fields.strings(
            "foreign-architectures", of: section, example: "foreign-architectures: [i386]",
            problem: Self.problemOfArchitecture(.apt))
        for word in found ?? [] where word.value == native {
            fields.report("\(word.value) is no architecture beside the others", at: word.location)
        }
        return found?.map(\.value) ?? []
    }

    /// `archive` is what `host` means, for security updates or not.
    private mutating func repositories(
        _ section: DeclarationFields.Section, archive: (_ isSecurity: Bool) -> VendorArchive
    ) -> [Declaration.Repository]? {
        repositories(of: section, example: "{name: debian, …}") { reader, item, name in
            reader.repository(item, name: name, archive: archive).map { ($0, $0.name, $0.location) }
        }
    }

    /// The list `repositories` of a distribution, as `read` reads each item: the repository, its name and its place. Nil where one
    /// of them could not be read; two with one name are reported.
    mutating func repositories<Repository>(
        of section: DeclarationFields.Section, example: String,
        _ read: (inout Self, DeclarationDocument, String) -> (Repository, name: String, location: SourceLocation)?
    ) -> [Repository]? {
        let name = section.path("repositories")
        guard
            let document = fields.required("repositories", of: section, example: "repositories: [\(example)]"),
            let items = fields.list(document, name: name)
        else { return nil }
        if items.isEmpty { fields.report("\(name) is empty", at: document.location) }
        var repositories: [Repository] = []
        var known: [String: SourceLocation] = [:]
        for (index, item) in items.enumerated() {
            guard let (repository, called, location) = read(&self, item, "\(name)[\(index)]") else { continue }
            if let first = known[called] {
                fields.report(
                    "two repositories are called \"\(called)\"", at: location,
                    hint: "the other is on line \(first.line)")
            } else {
                known[called] = location
            }
            repositories.append(repository)
        }
        return repositories.count == items.count ? repositories : nil
    }

    private mutating func repository(
        _ document: DeclarationDocument, name: String, archive: (_ isSecurity: Bool) -> VendorArchive
    ) -> Declaration.Repository? {
        let others = ["mirrors", "suites", "components", "keyring", "unsigned", "snapshot", "max-age", "updates"]
        let keys = ["name", "packages"] + others
        guard let section = fields.section(document, name: name, keys: keys) else { return nil }
        let called = fields.string("name", of: section, example: "name: debian", problem: Self.problemOfName)
        if section.has("packages") {
            let packages = packages(section, example: "packages: [./debs/*.deb]", instead: others)
            guard let called, let packages else { return nil }
            return Declaration.Repository(
                name: called.value, mirrors: [], suites: [Declaration.Repository.suiteOfFiles], components: [],
                trust: .unsigned,
                snapshot: nil, maximumAge: .any, site: "", updates: nil, packages: packages,
                location: section.location)
        }
        let address = { [folder, home] in MirrorAddress($0, relativeTo: folder, home: home) }
        let mirrors = fields.strings("mirrors", of: section, example: "mirrors: [host]") {
            $0 == "host" || address($0) != nil ? nil : "host, or addresses: \(MirrorAddress.problem(of: $0))"
        }
        for mirror in mirrors ?? [] where mirror.value != "host" {
            guard case .folder(let path) = address(mirror.value), !exists(path) else {
                continue
            }
            fields.report("there is no folder \(path)", at: mirror.location)
        }
        let suites = fields.strings("suites", of: section, example: "suites: [trixie]", problem: Self.problemOfSuite)
        let components = components(section, of: suites?.map(\.value) ?? [])
        let trust = trust(section)
        var snapshot: SnapshotService?
        if section.has("snapshot") {
            let template = fields.string(
                "snapshot", of: section, example: "snapshot: http://snapshot.example.org/archive/debian/{date}/",
                problem: SnapshotService.problem)
            guard let template else { return nil }
            snapshot = SnapshotService(template.value)
        }
        let maximumAge = maximumAge(section)
        guard let called, let mirrors, let suites, let components, let trust, let maximumAge else { return nil }
        let host = archive(suites.allSatisfy { VendorArchive.isSecurity($0.value) })
        let places: [Declaration.Mirror] = mirrors.map {
            $0.value == "host" ? .host(host) : address($0.value).map { .address($0) } ?? .host(host)
        }
        let origin: MirrorAddress? =
            switch places.first {
            case .address(let address): address
            case .host(let archive): archive.address
            case nil: nil
            }
        return Declaration.Repository(
            name: called.value, mirrors: places, suites: suites.map { Self.suite($0.value) }, components: components,
            trust: trust, snapshot: snapshot, maximumAge: maximumAge, site: origin?.host ?? "",
            updates: updates(section, or: origin), packages: [], location: section.location)
    }

    /// The value of `updates`; where there is none, `standard`. Nil for `none`, and for a folder or an address with a password in it, which
    /// other machines must not have.
    private mutating func updates(_ section: DeclarationFields.Section, or standard: MirrorAddress?) -> String? {
        func shared(_ address: MirrorAddress?) -> String? {
            guard case .remote(let url)? = address, !url.contains("@") else { return nil }
            return url
        }
        guard section.has("updates") else { return shared(standard) }
        let word = fields.string("updates", of: section, example: "updates: http://archive.example.org/debian") {
            [folder] in
            $0 == "none" || shared(MirrorAddress($0, relativeTo: folder)) != nil
                ? nil : "an address, http:// or https:// and without a password, or none"
        }
        return word.flatMap { [folder] in shared(MirrorAddress($0.value, relativeTo: folder)) }
    }

    /// How old the state of a repository may be when it is taken; nil where the key says nothing that is understood.
    mutating func maximumAge(_ section: DeclarationFields.Section) -> MaximumAge? {
        guard section.has("max-age") else { return .standard }
        let word = fields.string("max-age", of: section, example: "max-age: 14d") {
            MaximumAge($0) == nil ? "a number of hours, days or weeks, as 12h, 14d or 8w; or any" : nil
        }
        return word.flatMap { MaximumAge($0.value) }
    }

    /// The package files of one's own that a repository is made of `instead` of what other keys say.
    mutating func packages(
        _ section: DeclarationFields.Section, example: String, instead others: [String]
    ) -> [Declaration.FilePattern]? {
        for key in others where section.has(key) {
            fields.report(
                "a repository of package files has no \(key)", at: section.keyLocation(of: key),
                hint: "they are here already, and deploy indexes them: remove \(key), or packages")
        }
        return fields.strings("packages", of: section, example: example) {
            $0.contains("://") || $0.isEmpty ? "files of this machine, as in \(example)" : nil
        }?.map { Declaration.FilePattern(text: $0.value, location: $0.location) }
    }

    /// The components of the suites called `suites`: flat ones have none.
    private mutating func components(_ section: DeclarationFields.Section, of suites: [String]) -> [String]? {
        let flat = suites.filter(Release.isFlat)
        guard flat.isEmpty || flat.count == suites.count else {
            fields.report(
                "\(section.name) has flat suites (\(flat.joined(separator: ", "))) and others",
                at: section.location(of: "suites"), hint: "make two repositories of it")
            return nil
        }
        let words = fields.strings(
            "components", of: section, example: "components: [main]", or: flat.isEmpty ? nil : [],
            allowsNone: !flat.isEmpty, problem: Self.problemOfWord)
        if let word = words?.first, let suite = flat.first {
            fields.report(
                "a flat repository has no components", at: word.location,
                hint: "components: []; or suites without a slash at the end (\(suite)), if it has dists/")
        }
        return words?.map(\.value)
    }

    private mutating func trust(_ section: DeclarationFields.Section) -> Declaration.Trust? {
        guard let isUnsigned = fields.flag("unsigned", of: section) else { return nil }
        if isUnsigned, section.has("keyring") {
            fields.report("a repository with a keyring is not unsigned", at: section.keyLocation(of: "unsigned"))
            return nil
        }
        if isUnsigned { return .unsigned }
        guard
            let keyring = fields.string(
                "keyring", of: section,
                example:
                    "keyring: /usr/share/keyrings/debian-archive-keyring.gpg (or unsigned: true, which trusts everybody)"
            )
        else { return nil }
        let path = path(keyring.value)
        if !exists(path) { missingKeyrings[section.location] = keyring.location }
        return .keyring(path)
    }

    mutating func profiles(_ section: DeclarationFields.Section) -> [PackageSetProfile]? {
        let name = section.path("profiles")
        guard let document = fields.required("profiles", of: section, example: "profiles: {core: [base, core]}"),
            let members = fields.members(document, name: name)
        else { return nil }
        if members.isEmpty { fields.report("\(name) is empty", at: document.location) }
        var profiles: [PackageSetProfile] = []
        for member in members {
            checkName(member, of: "a profile")
            if Declaration.InternalProfile(rawValue: member.key) != nil {
                fields.report(
                    "the name \"\(member.key)\" is taken: the build has a profile of its own called so",
                    at: member.location)
            }
            guard let sets = sets(member.value, name: "\(name).\(member.key)") else { continue }
            profiles.append(PackageSetProfile(name: member.key, sets: sets))
        }
        return profiles.count == members.count ? profiles : nil
    }

    /// `gates: {install: […]}`; nil where nothing is said, or nothing that can be read.
    mutating func namedInstallations(_ section: DeclarationFields.Section, known: [String]) -> [String]? {
        guard let document = fields.optional("gates", of: section),
            let gates = fields.section(
                document, name: section.path("gates"), at: section.keyLocation(of: "gates"), keys: ["install"]),
            let names = fields.strings("install", of: gates, example: "install: [core, server]", allowsNone: true)
        else { return nil }
        for name in names where !known.contains(name.value) {
            fields.report(
                "there is no profile \"\(name.value)\"", at: name.location,
                hint: NearestNames.hint(for: name.value, in: known))
        }
        return names.map(\.value)
    }

    private mutating func zfsModule(_ section: DeclarationFields.Section) -> Declaration.ZFSModule? {
        guard let document = fields.optional("zfs-module", of: section) else { return nil }
        let name = section.path("zfs-module")
        guard
            let module = fields.section(document, name: name, at: section.keyLocation(of: "zfs-module"), keys: ["sets"])
        else { return nil }
        return requiredSets(module).map { Declaration.ZFSModule(sets: $0) }
    }
}
