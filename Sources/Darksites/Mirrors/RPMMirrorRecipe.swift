package import Archives
package import BuildGraph
import ContentStore
package import Locking
import Primitives
import RPM

/// How the mirror of a distribution of RPM packages is made of fetched ones: nothing but them, and metadata.
///
/// In the lock, an index's component is its type in repomd.xml: `primary`, `filelists`, `group`, `modules`.
package struct RPMMirrorRecipe: Sendable {
    /// Seconds since 1970: the date of the metadata.
    package let epoch: Int64
    /// What the dnf of the distribution reads.
    package let compression: Compression

    package init(epoch: Int64, compression: Compression) {
        self.epoch = epoch
        self.compression = compression
    }

    /// The file whose signature vouches for all others.
    package static let statement = "repodata/repomd.xml"

    /// Where each of `packages` lies in a mirror of them all.
    package static func places(of packages: [LockedPackage]) -> [String] {
        let paths = DistinctPaths(packages.lazy.map { (path(of: $0), $0.digest) })
        return packages.map { paths.path(path(of: $0), of: $0.digest) }
    }

    /// Where a package lies in the mirror, as far as others do not lie there.
    private static func path(of package: LockedPackage) -> String {
        let name = package.fileName
        return "Packages/\(name.prefix(1).lowercased())/\(name)"
    }

    /// The step that writes the tree `mirror` of `locked`, as far as the packages of `profiles` go.
    ///
    /// `packages` is a tree of all their files by name, `indexes` one of the upstream indexes that `ArchiveFile`
    /// names, by digest. `verdict` says that the packages' signatures were looked at.
    package func step(
        _ name: StepName, stage: Stage, locked: LockedDistribution, profiles: Set<String>, packages: StepInput,
        indexes: StepInput, verdict: StepInput
    ) -> Step {
        let wanted = locked.packages.filter { !profiles.isDisjoint(with: $0.profiles) }
        let order = locked.indexes.map { "\($0.digest.hex) \($0.repository) \($0.component ?? "") \($0.path)" }
        let lines = order + wanted.map { "\($0.name) \($0.version) \($0.architecture) \($0.digest.hex) \($0.path)" }
        return Step(
            name, stage: stage, title: "mirror of \(wanted.count) packages",
            inputs: [
                "packages": packages, "indexes": indexes, "verdict": verdict,
                "list": .literal(Array((lines.joined(separator: "\n") + "\n").utf8)),
                "date": .literal(Array("\(epoch) \(compression.rawValue)\n".utf8)),
            ],
            action: .native(identifier: "rpm mirror", version: 2) { context in
                context.report(StepProgress(activity: "reading upstream's metadata"))
                let bytes = try await VerifiedIndexes(store: context.store).bytes(of: locked.indexes)
                let made = try await BlockingWork.run { try read(wanted, locked.indexes, bytes) }
                return try await write(made, wanted, context)
            },
            outputs: ["mirror": .tree])
    }

    private struct Made: Sendable {
        let packages: [RepodataPackage]
        let comps: [UInt8]?
        let modules: [UInt8]?
    }

    /// The wanted packages with the records that upstream's metadata have of them.
    private func read(_ wanted: [LockedPackage], _ indexes: [LockedIndex], _ bytes: [Digest: [UInt8]]) throws -> Made {
        func plain(_ index: LockedIndex) throws -> [UInt8] {
            try Compression(fileName: index.path).decompress(
                bytes[index.digest] ?? [], name: "\(index.repository) \(index.path)", limit: ByteCount(4_000_000_000))
        }
        var records: [Digest: RepodataPackage] = [:]
        let places = Dictionary(zip(wanted.map(\.digest), Self.places(of: wanted))) { first, _ in first }
        for repository in Set(indexes.map(\.repository)).sorted() {
            let own = indexes.filter { $0.repository == repository }
            let files = wanted.filter { $0.repository == repository }
            guard !files.isEmpty else { continue }
            let primaries = own.filter { $0.component == "primary" }
            let lists = try own.filter { $0.component == "filelists" }.map {
                try FileListRecords(plain($0), source: "\(repository) \($0.path)")
            }
            for primary in primaries {
                let found = try RepodataRecords(primary: plain(primary), source: "\(repository) \(primary.path)")
                for package in files where records[package.digest] == nil {
                    records[package.digest] = try found.package(
                        at: package.path, placedAt: places[package.digest] ?? Self.path(of: package),
                        size: package.size, digest: package.digest, fileLists: lists)
                }
            }
        }
        var packages: [RepodataPackage] = []
        for package in wanted {
            guard let record = records[package.digest] else {
                throw MirrorGap(package: "\(package.name) \(package.version)", path: package.path)
            }
            packages.append(record)
        }
        var comps = MirrorComps(packages: Set(wanted.map(\.name)))
        var modules = MirrorModules(
            packages: Set(packages.map { "\($0.name)-\($0.version).\($0.architecture)" }))
        for index in indexes {
            switch index.component {
            case "group": try comps.add(plain(index), source: "\(index.repository) \(index.path)")
            case "modules": try modules.add(plain(index), source: "\(index.repository) \(index.path)")
            default: break
            }
        }
        return Made(packages: packages, comps: comps.file, modules: modules.file)
    }

    private func write(_ made: Made, _ wanted: [LockedPackage], _ context: StepContext) async throws -> StepResult {
        context.report(StepProgress(activity: "writing the metadata"))
        let files = try await RepodataWriter(epoch: epoch, compression: compression).files(
            of: made.packages, comps: made.comps, modules: made.modules)
        var tree = FileTree()
        try await context.add(files, to: &tree)
        for (package, locked) in zip(made.packages, wanted) { try tree.set(.file(locked.blob), at: package.path) }
        let mirror = try await context.output(tree: tree)
        return StepResult(outputs: ["mirror": mirror], summary: "\(wanted.count) packages, \(mirror.size)")
    }
}
