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
                let (tree, listed, modules) = try await BlockingWork.run { try slice(context) }
                return try await write(tree, listed, modules, context)
            },
            outputs: ["repository": .tree])
    }

    private func slice(_ context: StepContext) throws -> (FileTree, [RepodataPackage], [UInt8]?) {
        let mirror = try context.tree("mirror")
        func index(_ type: String) throws -> [UInt8]? {
            for case (let path, .file(let digest, _, _)) in mirror.nodes
            where path.hasPrefix("repodata/") && path.contains("-\(type).") {
                return try Compression(fileName: path).decompress(
                    context.store.bytes(of: digest), name: path, limit: ByteCount(4_000_000_000))
            }
            return nil
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
        for file in try await RepodataWriter(epoch: 0, compression: .none).files(of: listed, modules: modules) {
            try context.store.insert(file.bytes)
            try tree.set(.file(file.digest, size: Int64(file.bytes.count), isExecutable: false), at: file.path)
        }
        return StepResult(
            outputs: ["repository": try context.output(tree: tree)], summary: "\(listed.count) packages, \(tree.size)")
    }
}
