import Archives
package import BuildGraph
import ContentStore
package import Locking
import Primitives
import RPM

/// What one profile installs of a mirror of RPM packages, as a repository of its own. A step that reads this and not the mirror
/// need not run again when a package of another profile changes.
package struct RPMProfileSlice: Sendable {
    /// The packages of the profile.
    package let packages: [LockedPackage]

    package init(packages: [LockedPackage]) { self.packages = packages }

    /// The step that takes it out of the tree `mirror`: the tree `repository`, not signed.
    package func step(_ name: StepName, stage: Stage, profile: String, mirror: StepInput) -> Step {
        let lines = packages.map { "\($0.name) \($0.version) \($0.architecture) \($0.digest.hex) \($0.path)\n" }
        return Step(
            name, stage: stage, title: "what \(profile) installs of the mirror",
            inputs: ["mirror": mirror, "profile": .literal(Array(lines.joined().utf8))],
            action: .native(identifier: "rpm profile slice", version: 1) { context in
                let mirror = try await context.tree("mirror")
                let indexes = mirror.nodes.filter { $0.key.hasPrefix("repodata/") }
                var bytes: [String: [UInt8]] = [:]
                for case (let path, .file(let blob, _)) in indexes {
                    bytes[path] = try await context.store.bytes(of: blob)
                }
                let (tree, listed, modules) = try await BlockingWork.run { [bytes] in try slice(mirror, bytes) }
                return try await write(tree, listed, modules, context)
            },
            outputs: ["repository": .tree])
    }

    /// `indexes` are the files of the mirror's metadata by their paths.
    private func slice(
        _ mirror: FileTree, _ indexes: [String: [UInt8]]
    ) throws -> (FileTree, [RepodataPackage], [UInt8]?) {
        func index(_ type: String) throws -> [UInt8]? {
            try indexes.first { $0.key.contains("-\(type).") }.map { path, bytes in
                try Compression(fileName: path).decompress(bytes, name: path, limit: ByteCount(4_000_000_000))
            }
        }
        guard let primary = try index("primary") else { throw SliceError("the mirror has no index of packages") }
        let records = try RepodataRecords(primary: primary, source: "the mirror's primary.xml")
        let lists = try index("filelists").map { [try FileListRecords($0, source: "the mirror's filelists.xml")] } ?? []
        var tree = FileTree()
        var listed: [RepodataPackage] = []
        let places = try Dictionary(records.stated.map { ($0.digest, $0.location) }) { first, _ in first }
        for package in packages {
            guard let path = places[package.digest], let node = mirror.nodes[path],
                let record = try records.package(
                    at: path, placedAt: path, size: package.size, digest: package.digest, fileLists: lists)
            else { throw SliceError("the mirror has no \(package.path)") }
            listed.append(record)
            try tree.set(node, at: path)
        }
        return (tree, listed, try index("modules"))
    }

    private func write(
        _ packages: FileTree, _ listed: [RepodataPackage], _ modules: [UInt8]?, _ context: StepContext
    ) async throws -> StepResult {
        var tree = packages
        // Nobody keeps it: fast rather than small.
        let files = try await RepodataWriter(epoch: 0, compression: .none).files(of: listed, modules: modules)
        try await context.add(files, to: &tree)
        return StepResult(
            outputs: ["repository": try await context.output(tree: tree)],
            summary: "\(listed.count) packages, \(tree.size)")
    }
}
