import APT
import Archives
package import BuildGraph
import ContentStore
import Locking
import Packages
import Primitives
import RPM

/// The proof by our solver that what machines have, and what the medium brings, is all that the later lock needs: nothing that a profile
/// installs depends on anything else.
package struct DeltaClosure: Sendable {
    /// What is proven.
    package let delta: DistributionDelta
    /// What the machines have.
    package let earlier: EarlierPackages
    /// The folder below dists/ of a mirror in the format of Debian's repositories.
    package let codename: String

    package init(_ delta: DistributionDelta, earlier: EarlierPackages, codename: String) {
        self.delta = delta
        self.earlier = earlier
        self.codename = codename
    }

    /// The step that holds the finished `mirror` to it. What it says is the output `verdict`.
    package func step(_ name: StepName, stage: Stage, mirror: StepInput) -> Step {
        var inputs: [String: StepInput] = ["mirror": mirror, "codename": .literal(Array(codename.utf8))]
        for profile in delta.profiles {
            let lines = delta.to.installed(by: profile.name).map { "\($0.name) \($0.version) \($0.architecture)\n" }
            inputs["after/\(profile.name)"] = .literal(Array(lines.joined().utf8))
            switch earlier {
            case .apt(let status): inputs["before/\(profile.name)"] = .literal(status[profile.name] ?? [])
            case .rpm(let records):
                let records = records[profile.name]
                inputs["before/\(profile.name)"] = .literal((records?.primary ?? []) + [0] + (records?.fileLists ?? []))
            }
        }
        return Step(
            name, stage: stage, title: "what machines have and what they get, solved", inputs: inputs,
            action: .native(identifier: "delta closure", version: 1) { context in
                let files = try await indexes(of: try await context.tree("mirror"), context)
                let count = try await BlockingWork.run {
                    for profile in delta.profiles { try prove(profile, files) }
                    return delta.profiles.count
                }
                let names = delta.profiles.map(\.name).joined(separator: ", ")
                return StepResult(
                    outputs: ["verdict": try await context.output(bytes: Array("solver \(count)\n".utf8))],
                    summary: "nothing is missing in \(names)")
            },
            outputs: ["verdict": .file])
    }

    /// The index files of the mirror, unpacked, by their paths.
    private func indexes(of mirror: FileTree, _ context: StepContext) async throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for case (let path, .file(let blob, _)) in mirror.nodes {
            switch delta.to.family {
            case .apt:
                let isIndex = delta.to.architectures.contains {
                    path == APTMirrorRecipe.index(codename: codename, architecture: $0)
                }
                if isIndex { files[path] = try await context.store.bytes(of: blob) }
            case .rpm:
                guard path.hasPrefix("repodata/"), ["-primary.", "-filelists."].contains(where: path.contains) else {
                    continue
                }
                files[path] = try Compression(fileName: path).decompress(
                    try await context.store.bytes(of: blob), name: path, limit: ByteCount(4_000_000_000))
            }
        }
        return files
    }

    private func prove(_ profile: DistributionDelta.Profile, _ files: [String: [UInt8]]) throws {
        let universe: any CatalogPackages =
            switch earlier {
            case .apt(let status): try debian(status[profile.name] ?? [], files)
            case .rpm(let records): try rpm(records[profile.name], files)
            }
        switch try ListedClosure(
            of: delta.to.installed(by: profile.name), in: universe, owner: "the later lock")
        {
        case .closed: return
        case .absent(let line):
            throw notClosed(profile, "neither do they have \(line.name) \(line.version), nor is it on the medium")
        case .impossible(let steps): throw notClosed(profile, "something is missing", details: steps)
        case .open(let more): throw notClosed(profile, "they would also need \(more.joined(separator: ", "))")
        }
    }

    private func notClosed(
        _ profile: DistributionDelta.Profile, _ what: String, details: [String] = []
    ) -> DeltaError {
        DeltaError(.notClosed(distribution: delta.to.name, profile: profile.name, what: what, details: details))
    }

    private func debian(_ status: [UInt8], _ files: [String: [UInt8]]) throws -> DebianUniverse {
        let origin = IndexOrigin(repository: "the machine", suite: "", component: "")
        var sources = [(index: try PackageIndex(parsing: status, source: "what machines have"), origin: origin)]
        for (path, text) in files.sorted(by: { $0.key < $1.key }) {
            let medium = IndexOrigin(repository: "the medium", suite: codename, component: APTMirrorRecipe.component)
            sources.append((index: try PackageIndex(parsing: text, source: path), origin: medium))
        }
        return DebianUniverse(
            try PackageTable(
                sources, architecture: delta.to.architecture,
                foreignArchitectures: delta.to.architectures.filter { $0 != delta.to.architecture }))
    }

    private func rpm(_ earlier: EarlierPackages.Records?, _ files: [String: [UInt8]]) throws -> RPMUniverse {
        var sources: [(primary: [UInt8], fileLists: [UInt8]?, name: String)] = []
        if let earlier { sources.append((earlier.primary, earlier.fileLists, "the machine")) }
        if let primary = files.first(where: { $0.key.contains("-primary.") })?.value {
            sources.append((primary, files.first { $0.key.contains("-filelists.") }?.value, "the medium"))
        }
        var indexes = try sources.map { try PrimaryIndex(reading: $0.primary, source: $0.name) }
        func table() throws -> RPMTable { try RPMTable(zip(indexes, sources).map { ($0, $1.name) }) }
        let missing = try table().missingFiles
        if !missing.isEmpty {
            for (number, source) in sources.enumerated() {
                guard let lists = source.fileLists else { continue }
                indexes[number].add(try FileList(reading: lists, source: source.name, wanted: missing))
            }
        }
        var policy = RPMPolicy(architecture: delta.to.architecture)
        // The list of a profile has everything by its architecture.
        policy.keepsArchitecturesInStep = false
        return RPMUniverse(try table(), rules: policy)
    }
}
