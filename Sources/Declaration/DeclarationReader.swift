import Primitives
import SystemPackage

/// Makes a declaration of a document, or else finds all that is wrong with it.
struct DeclarationReader {
    let folder: FilePath
    /// The folder that `~/` stands for; nil where nobody knows it.
    let home: FilePath?
    let exists: (FilePath) -> Bool
    var fields = DeclarationFields()
    /// By the place of a repository, that of its keyring which is not there: an error where its distribution is in use.
    var missingKeyrings: [SourceLocation: SourceLocation] = [:]

    /// Paths are taken from `folder`; `exists` says what is there.
    init(folder: FilePath, home: FilePath?, exists: @escaping (FilePath) -> Bool) {
        self.folder = folder
        self.home = home
        self.exists = exists
    }

    mutating func read(_ document: DeclarationDocument) throws(UserErrors) -> Declaration {
        let declaration = declaration(document)
        guard let declaration, fields.errors.isEmpty else {
            let errors = fields.errors.sorted { a, b in
                (a.location?.line ?? 0, a.location?.column ?? 0) < (b.location?.line ?? 0, b.location?.column ?? 0)
            }
            throw UserErrors(errors)
        }
        return declaration
    }

    private mutating func declaration(_ document: DeclarationDocument) -> Declaration? {
        let keys = ["version", "distributions", "live", "builder", "iso", "output", "builds", "store", "remote"]
        guard let root = fields.section(document, name: "", keys: keys) else { return nil }
        if let version = fields.integer("version", of: root, in: 0...Int.max), version != 1 {
            fields.report(
                "this deploy reads version 1 of deploy.yaml, and this is version \(version)",
                at: root.location(of: "version"), hint: "use the deploy it was written for")
        }
        let distributions = distributions(root)
        let names = distributions?.map(\.name)
        let live = live(root, known: names)
        let builder = builder(root, known: names)
        let iso = iso(root, known: distributions)
        let output = output(root)
        let builds = builds(root)
        let storeLimit = storeLimit(root)
        let remote = remote(root)
        guard let distributions, let live, let builder, let iso, let output, let builds else { return nil }
        let declaration = Declaration(
            folder: folder, distributions: distributions, live: live, builder: builder, iso: iso, output: output,
            builds: builds, storeLimit: storeLimit, remote: remote)
        let used = declaration.distributionsInUse
        for distribution in distributions where used.contains(distribution.name) {
            switch distribution.source {
            case .apt(let source):
                for repository in source.repositories {
                    guard case .keyring(let path) = repository.trust,
                        let location = missingKeyrings[repository.location]
                    else { continue }
                    fields.report(.missingKeyring(path, at: location))
                }
            case .rpm(let source):
                for repository in source.repositories {
                    guard let location = missingKeyrings[repository.location],
                        let path = repository.keys.first(where: { !exists($0) })
                    else { continue }
                    fields.report(.missingKeyring(path, at: location))
                }
            }
        }
        return declaration
    }

    private mutating func live(_ root: DeclarationFields.Section, known: [String]?) -> Declaration.Live? {
        guard let document = fields.required("live", of: root, example: "live: {distribution: debian, sets: [live]}"),
            let section = fields.section(
                document, name: "live", at: root.keyLocation(of: "live"),
                keys: ["distribution", "sets", "desktop-sets", "includes", "postinstall"])
        else { return nil }
        let distribution = distribution(of: section, known: known)
        let sets = requiredSets(section)
        let desktopSets = optionalSets("desktop-sets", of: section)
        let includes = fields.string("includes", of: section, example: "includes: live-build/config/includes.chroot")
        let postinstall =
            section.has("postinstall")
            ? fields.string("postinstall", of: section, example: "postinstall: live-build/postinstall") : nil
        for folder in [includes, postinstall] {
            guard let folder, !exists(path(folder.value)) else { continue }
            fields.report("there is no folder \(path(folder.value))", at: folder.location, hint: "an empty one will do")
        }
        guard let distribution, let sets, let desktopSets, let includes else { return nil }
        return Declaration.Live(
            distribution: distribution, sets: sets, desktopSets: desktopSets, includes: path(includes.value),
            postinstall: postinstall.map { path($0.value) })
    }

    private mutating func builder(_ root: DeclarationFields.Section, known: [String]?) -> Declaration.Builder? {
        guard
            let document = fields.required(
                "builder", of: root, example: "builder: {distribution: debian, sets: [builder]}"),
            let section = fields.section(
                document, name: "builder", at: root.keyLocation(of: "builder"),
                keys: ["distribution", "sets", "rpm-sets", "image"])
        else { return nil }
        guard section.has("image") else {
            let distribution = distribution(of: section, known: known)
            let rpmSets = optionalSets("rpm-sets", of: section)
            guard let sets = requiredSets(section), let rpmSets, let distribution else { return nil }
            return .made(distribution: distribution, sets: sets, rpmSets: rpmSets)
        }
        for key in ["distribution", "sets", "rpm-sets"] where section.has(key) {
            fields.report("builder has an image, and is not made from \(key)", at: section.keyLocation(of: key))
        }
        let image = fields.string("image", of: section, example: "image: registry.example/debian@sha256:…") {
            let parts = $0.split(separator: "@sha256:", maxSplits: 1)
            return parts.count == 2 && Digest(hex: String(parts[1])) != nil
                ? nil : "an image is named by digest: registry.example/debian@sha256:… (a tag can change under you)"
        }
        return image.map { .image($0.value) }
    }

    private mutating func iso(
        _ root: DeclarationFields.Section, known: [Declaration.Distribution]?
    ) -> Declaration.ISO? {
        let keys = ["label", "edition", "distribution", "profile", "darksites", "systems", "squashfs-level"]
        guard
            let document = fields.required(
                "iso", of: root, example: "iso: {darksites: {debian: [core]}, profile: core, …}"),
            let section = fields.section(document, name: "iso", at: root.keyLocation(of: "iso"), keys: keys)
        else { return nil }
        let label = fields.string("label", of: section, example: "label: KLDLOAD", or: "KLDLOAD") {
            let isFine =
                (1...32).contains($0.utf8.count)
                && $0.utf8.allSatisfy {
                    ("A"..."Z").contains(Unicode.Scalar($0)) || ("0"..."9").contains(Unicode.Scalar($0)) || $0 == 0x5F
                }
            return isFine ? nil : "ISO 9660 has A to Z, 0 to 9 and _ in a volume's name, 32 of them at most"
        }
        let edition = fields.string(
            "edition", of: section, example: "edition: free", or: "free", problem: Self.problemOfName)
        let level = fields.integer("squashfs-level", of: section, in: 1...22, or: 3)
        let distribution = distribution(of: section, known: known?.map(\.name))
        let profile = fields.string("profile", of: section, example: "profile: server")
        if let profile, let distribution, let known { check(profile, of: distribution, in: known) }
        let darksites = darksites(section, known: known)
        if let profile, let darksite = darksites?.first(where: { $0.distribution == distribution }) {
            check(profile, isIn: darksite, known: known ?? [])
        }
        let systems = systems(section, of: darksites ?? [], known: known)
        guard let label, let edition, let level, let distribution, let profile, let darksites else { return nil }
        return Declaration.ISO(
            label: label.value, edition: edition.value, distribution: distribution, profile: profile.value,
            darksites: darksites, systems: systems, squashfsLevel: level)
    }

    /// The profile that the image is called after is one that it carries.
    private mutating func check(
        _ profile: DeclarationFields.Located<String>, isIn darksite: Declaration.Darksite,
        known: [Declaration.Distribution]
    ) {
        let declared = known.first { $0.name == darksite.distribution }?.profiles.map(\.name) ?? []
        guard declared.contains(profile.value), !darksite.profiles.contains(profile.value) else { return }
        let carried = "\(darksite.profiles.joined(separator: ", ")) of \(darksite.distribution)"
        fields.report(
            "the image is called after \(profile.value), and carries \(carried)", at: profile.location,
            hint: "add \(profile.value) to iso.darksites, or name one that is there")
    }

    /// `systems: […]`, profiles that are really installed; nil where nothing is said, or nothing that can be read.
    private mutating func systems(
        _ iso: DeclarationFields.Section, of darksites: [Declaration.Darksite], known: [Declaration.Distribution]?
    ) -> [String]? {
        guard iso.has("systems"),
            let names = fields.strings("systems", of: iso, example: "systems: [core, server]", allowsNone: true)
        else { return nil }
        let carried = darksites.compactMap { darksite in known?.first { $0.name == darksite.distribution } }
        let installed = carried.flatMap(\.installedProfiles)
        for name in names where known != nil && !installed.contains(name.value) {
            fields.report(
                "no distribution on the image has \"\(name.value)\" among the profiles that are really installed",
                at: name.location,
                hint: "a system is what such an installation came to: name it in gates: {install: […]} as well")
        }
        return names.map(\.value)
    }

    private mutating func darksites(
        _ iso: DeclarationFields.Section, known: [Declaration.Distribution]?
    ) -> [Declaration.Darksite]? {
        guard let document = fields.required("darksites", of: iso, example: "darksites: {debian: [core, server]}"),
            let members = fields.members(document, name: "iso.darksites")
        else { return nil }
        var darksites: [Declaration.Darksite] = []
        for member in members {
            if let known, !known.contains(where: { $0.name == member.key }) {
                unknownDistribution(member.key, at: member.location, known: known.map(\.name))
            }
            guard let profiles = fields.strings(member.value, name: "iso.darksites.\(member.key)") else { continue }
            for profile in profiles { check(profile, of: member.key, in: known ?? []) }
            if let known, known.first(where: { $0.name == member.key })?.isOnline == true {
                fields.report(
                    "\(member.key) is online: the image carries no package of it", at: member.location,
                    hint: "remove it from iso.darksites")
            }
            darksites.append(Declaration.Darksite(distribution: member.key, profiles: profiles.map(\.value)))
        }
        return darksites.count == members.count ? darksites : nil
    }

    private mutating func output(_ root: DeclarationFields.Section) -> Declaration.Output? {
        guard let document = fields.optional("output", of: root) else {
            return Declaration.Output(folder: path("live-build/output"), keep: 3)
        }
        guard
            let section = fields.section(
                document, name: "output", at: root.keyLocation(of: "output"), keys: ["folder", "keep"])
        else { return nil }
        let folder = fields.string("folder", of: section, example: "folder: live-build/output", or: "live-build/output")
        {
            [folder, home] in
            HomeFolder.path($0, relativeTo: folder, home: home) == nil ? MirrorAddress.problem(of: $0) : nil
        }
        let keep = fields.integer("keep", of: section, in: 1...1000, or: 3)
        guard let folder, let keep else { return nil }
        return Declaration.Output(folder: path(folder.value), keep: keep)
    }

    private mutating func builds(_ root: DeclarationFields.Section) -> Declaration.Builds? {
        guard let document = fields.optional("builds", of: root) else { return Declaration.Builds(keep: 20) }
        guard let section = fields.section(document, name: "builds", at: root.keyLocation(of: "builds"), keys: ["keep"])
        else { return nil }
        return fields.integer("keep", of: section, in: 1...1000, or: 20).map { Declaration.Builds(keep: $0) }
    }

    /// `store: {max-size: …}`; nil where nothing is said, or nothing that can be read.
    private mutating func storeLimit(_ root: DeclarationFields.Section) -> ByteCount? {
        guard let document = fields.optional("store", of: root),
            let section = fields.section(
                document, name: "store", at: root.keyLocation(of: "store"), keys: ["max-size"])
        else { return nil }
        let size = fields.string("max-size", of: section, example: "max-size: 40G") {
            ByteCount(written: $0) == nil ? "it is \(ByteCount.writingHint)" : nil
        }
        return size.flatMap { ByteCount(written: $0.value) }
    }
}
