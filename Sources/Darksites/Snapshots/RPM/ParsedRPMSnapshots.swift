import APT
import Primitives
package import RPM

/// What the repositories of RPM packages of a snapshot have, read.
package struct RPMSnapshotContent: Sendable {
    /// A repository that is there in several states is there several times, the oldest first.
    package let table: RPMTable
    /// Those of all repositories, merged.
    package let modules: ModuleMetadata
    /// Those of all repositories, merged.
    package let groups: Comps
    /// By the table's number of the repository: 0, or what updates of single packages added, by date.
    package let generations: [Int]

    package init(table: RPMTable, modules: ModuleMetadata, groups: Comps, generations: [Int]) {
        self.table = table
        self.modules = modules
        self.groups = groups
        self.generations = generations
    }
}

/// What is read of RPM repositories, kept beside the tables of Debian packages. A file has a table, the modules and the groups: the
/// sizes of the three, then their bytes from multiples of 64.
struct ParsedRPMSnapshots {
    /// The ending of the files' names.
    static let ending = "rpms"
    /// Another one for each format of what is in them; never one of a table of Debian packages.
    static var version: UInt64 { 0x52_504D << 32 | RPMTable.formatVersion << 8 | 2 }

    private let files: ParsedFiles

    init(folder: ParsedFiles) { files = folder }

    /// Indexes in the order in which they are read.
    struct Source {
        struct Repository {
            let name: String
            let primary: Digest
            let fileLists: Digest?
        }

        let repositories: [Repository]
        let modules: [Digest]
        let groups: [Digest]

        /// All, each once.
        var indexes: [Digest] {
            var seen: Set<Digest> = []
            let all = repositories.flatMap { [$0.primary] + ($0.fileLists.map { [$0] } ?? []) } + modules + groups
            return all.filter { seen.insert($0).inserted }
        }

        fileprivate var key: Digest {
            var hasher = SHA256Hasher()
            hasher.update(Array("rpms \(ParsedRPMSnapshots.version) \(repositories.count)\n".utf8))
            for repository in repositories {
                hasher.update(Array("\(repository.name.utf8.count) \(repository.name)\n".utf8))
                hasher.update(repository.primary.bytes)
                hasher.update([repository.fileLists == nil ? 0 : 1])
                hasher.update(repository.fileLists?.bytes ?? [])
            }
            for list in [modules, groups] {
                hasher.update(Array("\(list.count)\n".utf8))
                for digest in list { hasher.update(digest.bytes) }
            }
            return hasher.finalize()
        }
    }

    private static let headerSize = 64

    /// What was kept of `source`; nil where nothing was, or it is damaged.
    func known(_ source: Source, generations: [Int]) -> RPMSnapshotContent? {
        let key = source.key
        guard let file = TableFile(mapping: files.path("\(key.hex).\(Self.ending)"), version: Self.version),
            file.key == key, file.indexes == source.indexes
        else { return nil }
        let bytes = file.image.bytes
        guard bytes.count >= Self.headerSize else { return nil }
        var start = Self.headerSize
        var parts: [ByteRegion] = []
        for number in 0..<3 {
            let word = bytes.loadUnaligned(fromByteOffset: number * 8, as: UInt64.self)
            guard let count = Int(exactly: word), start <= bytes.count, count <= bytes.count - start else {
                return nil
            }
            parts.append(ByteRegion(file.image, start..<start + count))
            start = Self.aligned(start + count)
        }
        guard let table = RPMTable(stored: parts[0], repositories: source.repositories.map(\.name)),
            let modules = ModuleMetadata(stored: parts[1]), let groups = Comps(stored: parts[2])
        else { return nil }
        return RPMSnapshotContent(table: table, modules: modules, groups: groups, generations: generations)
    }

    /// Keeps `content`, which was read from `source`, where it can.
    func keep(_ content: RPMSnapshotContent, of source: Source) {
        let (modules, groups) = (content.modules.storedBytes, content.groups.storedBytes)
        let sizes = [content.table.storedBytes.count, modules.count, groups.count]
        let end = sizes.reduce(Self.headerSize) { Self.aligned($0 + $1) }
        let image = ByteRegion(capacity: end) { buffer in
            buffer.initializeMemory(as: UInt8.self, repeating: 0)
            for (number, size) in sizes.enumerated() {
                buffer.storeBytes(of: UInt64(size), toByteOffset: number * 8, as: UInt64.self)
            }
            var start = Self.headerSize
            func put(_ bytes: UnsafeRawBufferPointer) {
                UnsafeMutableRawBufferPointer(rebasing: buffer[start..<start + bytes.count]).copyMemory(from: bytes)
                start = Self.aligned(start + bytes.count)
            }
            withExtendedLifetime(content.table) { put(content.table.storedBytes) }
            modules.withUnsafeBytes { put($0) }
            groups.withUnsafeBytes { put($0) }
            return end
        }
        let file = TableFile(version: Self.version, key: source.key, indexes: source.indexes, image: image)
        files.put(file, named: "\(source.key.hex).\(Self.ending)")
    }

    private static func aligned(_ offset: Int) -> Int { (offset + 63) & ~63 }
}
