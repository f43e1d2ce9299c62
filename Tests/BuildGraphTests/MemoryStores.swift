import ContentStore
import Primitives
import Synchronization
import SystemPackage

@testable import BuildGraph

/// A store without blobs on disk: they are in memory by digest *and* size, or in an outer store until they are fetched. What is
/// asked of it by a path in it, or by an address that is not quite right, fails.
final class MemoryStore: ArtifactStore {
    let workArea: WorkArea
    private let outer: MemoryStore?
    private let blobs = Mutex<[Blob: [UInt8]]>([:])

    init(workArea: FilePath, outer: MemoryStore? = nil) throws {
        self.workArea = try WorkArea(root: workArea)
        self.outer = outer
    }

    var all: Set<Blob> { blobs.withLock { Set($0.keys) } }

    func change(_ body: (inout [Blob: [UInt8]]) -> Void) { blobs.withLock { body(&$0) } }

    func missing(of wanted: Set<Blob>) async throws -> Set<Blob> {
        wanted.subtracting(all).subtracting(outer?.all ?? [])
    }

    func fetch(_ wanted: Set<Blob>) async throws -> Set<Blob> {
        var missing: Set<Blob> = []
        for blob in wanted {
            let found = blobs.withLock { $0[blob] } ?? outer?.blobs.withLock { $0[blob] }
            let good = found.flatMap { Blob(of: $0) == blob ? $0 : nil }
            change { $0[blob] = good }
            if good == nil { missing.insert(blob) }
        }
        return missing
    }

    func fetchAbsent(_ blobs: Set<Blob>) async throws -> Set<Blob> { try await fetch(blobs) }

    func bytes(of blob: Blob) async throws -> [UInt8] {
        _ = try await fetch([blob])
        guard let bytes = blobs.withLock({ $0[blob] }) else { throw GraphError(what: "there is no \(blob)") }
        return bytes
    }

    @discardableResult
    func insert(_ bytes: [UInt8]) async throws -> Blob {
        let blob = Blob(of: bytes)
        change { $0[blob] = bytes }
        return blob
    }

    func insert(file path: FilePath, knownAs known: Blob?) async throws -> Blob {
        let blob = try await insert(try Files.read(path))
        try Files.remove(path)
        return blob
    }

    func insert(folder: FilePath) async throws -> FileTree {
        let tree = try FileTree(scanning: folder, cache: StatCache(file: workArea.newFile()))
        for case (let path, .file) in tree.nodes { try await insert(try Files.read(folder.pushing(FilePath(path)))) }
        try await insert(tree.serialized)
        return tree
    }

    func materialize(_ tree: FileTree, at folder: FilePath) async throws {
        for (path, node) in tree.nodes {
            let place = folder.pushing(FilePath(path))
            try Files.createDirectory(place.removingLastComponent())
            switch node {
            case .file(let blob, _): try Files.write(try await bytes(of: blob), to: place)
            case .link(let target): symlinkTo(FilePath(target), at: place)
            case .emptyFolder: try Files.createDirectory(place)
            }
        }
    }
}

/// Records in memory, each as the text that it is kept as.
final class MemoryRecords: RecordStore {
    private let texts = Mutex<[StepKey: String]>([:])
    private let last = Mutex<[StepName: StepKey]>([:])
    /// How many are looked for beside each other, and how many that were at most.
    private let looked = Mutex((now: 0, most: 0))
    /// Whoever looks for one is kept waiting until so many others do, or for ten seconds.
    let company: Int

    init(company: Int = 0) { self.company = company }

    var mostAtOnce: Int { looked.withLock { $0.most } }

    func find(_ step: Step, _ evaluation: StepEvaluation) async -> FoundRecord? {
        looked.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
        defer { looked.withLock { $0.now -= 1 } }
        for _ in 0..<1000 where mostAtOnce <= company { try? await Task.sleep(for: .milliseconds(10)) }
        return await record(evaluation.key).map { FoundRecord($0, .here) }
    }

    func record(_ key: StepKey) async -> StepRecord? {
        texts.withLock { $0[key] }.flatMap { StepRecord(serialized: $0) }
    }

    func save(_ record: StepRecord) async throws {
        texts.withLock { $0[record.key] = record.serialized }
        try await noteUse(of: record, by: record.step)
    }

    func lastKey(of step: StepName) async -> StepKey? { last.withLock { $0[step] } }

    func noteUse(of record: StepRecord, by step: StepName) async throws { last.withLock { $0[step] = record.key } }
}
