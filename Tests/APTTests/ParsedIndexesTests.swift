import Archives
import Primitives
import Solver
import SystemPackage
import Testing

@testable import APT

/// A folder of parsed indexes, and the indexes.
final class ParsedFolder {
    private let temporary: TemporaryFolder
    let folder: FilePath
    private(set) var indexes: [IndexFile] = []
    private(set) var paths: [Digest: FilePath] = [:]

    init(_ texts: [[UInt8]], compression: Compression = .none) throws {
        temporary = try TemporaryFolder()
        let root = FilePath(temporary.path)
        folder = root.appending("parsed")
        for (number, text) in texts.enumerated() {
            let bytes = try compression == .none ? text : compression.compress(text)
            let path = root.appending("index-\(number)")
            try Files.write(bytes, to: path)
            let origin = [MadeIndexes.stable, MadeIndexes.backports, MadeIndexes.experimental][number % 3]
            paths[Digest(of: bytes)] = path
            indexes.append(
                IndexFile(
                    digest: Digest(of: bytes), compression: compression, source: "made \(number)",
                    origin: origin))
        }
    }

    var parsed: ParsedIndexes { ParsedIndexes(folder: folder) }

    func removeAll(but kept: [IndexFile]) throws -> ByteCount {
        var removed = ByteCount.zero
        let files = try ParsedFiles(folder: folder).files(
            but: Set(kept.map(\.digest)), versions: ["table": ParsedIndexes.tableVersion])
        for path in files {
            removed += ByteCount(try FileStatus(at: path)?.size ?? 0)
            try Files.remove(path)
        }
        return removed
    }

    func read(_ index: IndexFile) throws -> [UInt8] { try Files.read(paths[index.digest] ?? "") }

    func table() throws -> PackageTable {
        try parsed.table(of: indexes, architecture: "amd64", foreignArchitectures: ["i386"], read: read)
    }
    func known() -> PackageTable? {
        parsed.known(indexes, architecture: "amd64", foreignArchitectures: ["i386"])
    }

    /// The table as it is made without any folder.
    func fresh() throws -> PackageTable {
        try PackageTable(
            try indexes.map {
                let text = try $0.compression.decompress(read($0), name: $0.source, limit: ByteCount(1_000_000_000))
                return (try PackageIndex(parsing: text, source: $0.source), $0.origin)
            }, architecture: "amd64", foreignArchitectures: ["i386"])
    }

    func file(_ suffix: String) throws -> FilePath {
        folder.appending(try #require(try Files.list(folder).first { $0.hasSuffix(suffix) }))
    }
}

extension PackageTable {
    /// All that can be asked of the table, in words.
    func facts() -> [String] {
        let universe = DebianUniverse(self, includesRecommends: true, offersOtherVersions: true)
        var facts = ["\(architectures) \(universe.basePackages().map(universe.describe)) \(nearestNames(to: "bahs"))"]
        for number in 0..<Int32(packageCount) {
            let package = PackageID(number)
            let found = packages(named: name(of: package))
            let relations = universe.requirements(of: package).map(\.candidates)
            let others = universe.conflicts(of: package).map(\.packages)
            facts.append(
                """
                \(universe.describe(package)) \(priority(of: package)) \(multiArch(of: package)) \(isEssential(package)) \
                \(origins(of: package).map(\.name)) \(found) \(relations) \(others) \(isProvided(name(of: package))) \
                \(Digest(of: stanza(of: package)).hex) \(universe.priority(of: package)) \
                \(universe.candidate(of: name(of: package)) == package)
                """)
        }
        return facts
    }
}

@Suite("Parsed indexes")
struct ParsedIndexesTests {
    private static let lines = [
        [
            "libc6 2.41-1; Multi-Arch: same; Priority: optional", "bash 5.2-1; Essential: yes; Depends: libc6 (>= 2)",
            "exim4 4.98; Provides: mail-transport-agent, smtpd (= 4); Conflicts: mail-transport-agent",
            "mailer 1 all; Depends: mail-transport-agent | smtpd; Recommends: mawk", "mawk 1.3; Priority: required",
            "libc6 2.41-1 i386; Multi-Arch: same", "only 1 armhf",
        ],
        [
            "bash 5.2-1; Essential: yes; Depends: libc6 (>= 2)", "bash 5.3-1~bpo; Essential: yes",
            "smtp 2; Provides: smtpd",
        ],
        [],
        ["mawk 1.4; Priority: required; Breaks: mailer (<< 2)", "mawk 1.3; Priority: required"],
    ]

    private func made(compression: Compression = .none) throws -> ParsedFolder {
        try ParsedFolder(Self.lines.map { Array(MadeIndexes.stanzas($0).utf8) }, compression: compression)
    }

    private func overwrite(_ path: FilePath, _ bytes: [UInt8]) throws {
        let copy = FilePath(path.string + ".copy")
        try Files.write(bytes, to: copy)
        try Files.rename(copy, to: path)
    }

    @Test("answer as the indexes do", arguments: [Compression.none, .xz, .gzip])
    func roundTrip(compression: Compression) throws {
        let folder = try made(compression: compression)
        #expect(folder.known() == nil)
        let fresh = try folder.fresh().facts()
        #expect(try folder.table().facts() == fresh)
        let known = try #require(folder.known())
        #expect(known.facts() == fresh)
        #expect(try Files.list(folder.folder).count == 5)
        // Not even the indexes are needed any more.
        for path in folder.paths.values { try Files.remove(path) }
        #expect(try folder.table().facts() == fresh)
    }

    @Test("answer as a real list of packages does")
    func real() throws {
        let status = try Files.read("/var/lib/dpkg/status")
        let folder = try ParsedFolder([status, Array(MadeIndexes.stanzas(Self.lines[0]).utf8)])
        let fresh = try folder.fresh()
        #expect(fresh.packageCount > 100)
        #expect(try folder.table().facts() == fresh.facts())
        #expect(try #require(folder.known()).facts() == fresh.facts())
    }

    @Test("are told apart by order, indexes and architectures")
    func keys() throws {
        let folder = try made()
        _ = try folder.table()
        let parsed = folder.parsed
        #expect(parsed.known(folder.indexes, architecture: "amd64") == nil)
        #expect(parsed.known(folder.indexes, architecture: "i386", foreignArchitectures: ["amd64"]) == nil)
        #expect(parsed.known(folder.indexes.reversed(), architecture: "amd64", foreignArchitectures: ["i386"]) == nil)
        #expect(
            parsed.known(folder.indexes.dropLast(), architecture: "amd64", foreignArchitectures: ["i386"]) == nil)
        #expect(folder.known() != nil)
        // Texts are there once, whatever tables need them.
        _ = try parsed.table(of: folder.indexes.reversed(), architecture: "amd64", read: folder.read)
        let names = try Files.list(folder.folder)
        #expect(names.filter { $0.hasSuffix(".text") }.count == 4 && names.filter { $0.hasSuffix(".table") }.count == 2)
    }

    @Test("whose table has any one byte changed are made again")
    func changedTable() throws {
        let folder = try made()
        let fresh = try folder.table().facts()
        let path = try folder.file(".table")
        let bytes = try Files.read(path)
        let descriptor = try FileDescriptor.open(path, .readWrite)
        try descriptor.closeAfter {
            for (offset, byte) in bytes.enumerated() {
                try descriptor.writeAll(toAbsoluteOffset: Int64(offset), [byte ^ UInt8(1 << (offset % 8))])
                #expect(folder.known() == nil, "byte \(offset)")
                try descriptor.writeAll(toAbsoluteOffset: Int64(offset), [byte])
            }
        }
        #expect(folder.known()?.facts() == fresh)
        try overwrite(path, bytes.dropLast())
        #expect(folder.known() == nil)
        #expect(try folder.table().facts() == fresh)
        #expect(folder.known()?.facts() == fresh)
    }

    @Test("that are cut off, too long, empty or of something else are made again")
    func otherFiles() throws {
        let folder = try made()
        let fresh = try folder.table().facts()
        let (table, text) = (try folder.file(".table"), try folder.file(".text"))
        for path in [table, text] {
            let bytes = try Files.read(path)
            let others = Set((0..<200).map { $0 * bytes.count / 200 }).map { Array(bytes[..<$0]) }
            for other in others + [bytes + [0], Array("rubbish\n".utf8), bytes.reversed()] {
                try overwrite(path, other)
                #expect(folder.known() == nil, "\(other.count) bytes of \(path)")
            }
            #expect(try folder.table().facts() == fresh)
            #expect(folder.known()?.facts() == fresh)
        }
        // A table and a text of other indexes under these names.
        let others = try ParsedFolder(Self.lines.reversed().map { Array(MadeIndexes.stanzas($0).utf8) })
        _ = try others.table()
        try overwrite(table, try Files.read(others.file(".table")))
        #expect(folder.known() == nil)
        let second = folder.folder.appending(try #require(try Files.list(folder.folder).last { $0.hasSuffix(".text") }))
        _ = try folder.table()
        try overwrite(text, try Files.read(second))
        #expect(folder.known() == nil)
        // A format of another version.
        _ = try folder.table()
        var bytes = try Files.read(table)
        bytes[8] += 1
        try overwrite(table, bytes)
        #expect(folder.known() == nil)
        #expect(try folder.table().facts() == fresh)
    }

    @Test("whose text was changed are made again; a copy of it will do")
    func changedText() throws {
        let folder = try made()
        let fresh = try folder.table().facts()
        let path = try folder.file(".text")
        let table = try folder.file(".table")
        let bytes = try Files.read(path)
        for offset in bytes.indices {
            var changed = bytes
            changed[offset] ^= 0x20
            try overwrite(path, changed)
            #expect(folder.known() == nil, "byte \(offset)")
        }
        try overwrite(path, bytes)
        let before = try Files.read(table)
        #expect(folder.known()?.facts() == fresh)
        #expect(try Files.read(table) != before, "the table knows the copy now")
        let after = try Files.read(table)
        #expect(folder.known()?.facts() == fresh)
        #expect(try Files.read(table) == after)
    }

    @Test("that another boot of the machine has left are looked at once")
    func boots() throws {
        let folder = try made()
        let fresh = try folder.table().facts()
        let path = try folder.file(".table")
        let file = try #require(TableFile(mapping: path))
        let other = TableFile(key: file.key, boot: Digest(of: "other".utf8), texts: file.texts, image: file.image)
        let bytes = other.head + Array(file.image.bytes)
        try overwrite(path, bytes)
        #expect(folder.known()?.facts() == fresh)
        #expect(TableFile(mapping: path)?.boot == file.boot)
    }

    @Test("can be made by many at once")
    func concurrently() async throws {
        let folder = try made()
        let fresh = try folder.fresh().facts()
        let (parsed, indexes, paths) = (folder.parsed, folder.indexes, folder.paths)
        try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try parsed.table(of: indexes, architecture: "amd64", foreignArchitectures: ["i386"]) {
                        try Files.read(paths[$0.digest] ?? "")
                    }.facts()
                }
            }
            for try await facts in group { #expect(facts == fresh) }
        }
        #expect(folder.known()?.facts() == fresh)
        #expect(try Files.list(folder.folder).count == 5)
    }

    @Test("are done without where they can't be kept")
    func unwritable() throws {
        let folder = try made()
        try Files.write([], to: folder.folder)
        #expect(try folder.table().facts() == folder.fresh().facts())
        #expect(folder.known() == nil)
    }

    @Test("go when nobody keeps their index")
    func removal() throws {
        let folder = try made()
        _ = try folder.table()
        _ = try folder.parsed.table(of: [folder.indexes[0]], architecture: "amd64", read: folder.read)
        try Files.write([1, 2, 3], to: folder.folder.appending("debris"))
        #expect(try folder.removeAll(but: folder.indexes) == ByteCount(3))
        #expect(folder.known() != nil)
        #expect(try folder.removeAll(but: [folder.indexes[0]]) > ByteCount(3))
        #expect(try Files.list(folder.folder).count == 2)
        #expect(folder.parsed.known([folder.indexes[0]], architecture: "amd64") != nil)
    }

    @Test("tell an index that means nothing from one that does")
    func badIndex() throws {
        let folder = try ParsedFolder([Array("<html>".utf8)])
        for _ in 0..<2 { #expect(throws: PackageIndexError.self) { try folder.table() } }
        let long = "Package: a\nVersion: 1\nArchitecture: all\nProvides: \(String(repeating: "b", count: 70_000))\n"
        #expect(throws: PackageIndexError(source: "made 0", package: "a", field: "Provides", problem: .tooLong)) {
            try ParsedFolder([Array(long.utf8)]).table()
        }
    }

    @Test("have tables whose sections lie within them, whatever the header says")
    func sections() throws {
        let folder = try made()
        let table = try folder.table()
        let bytes = withExtendedLifetime(table) { Array(table.image.region.bytes) }
        #expect(PackageTableImage(ByteRegion(bytes)) != nil)
        var random = SplitMix64(seed: 7)
        for _ in 0..<20_000 {
            var changed = bytes
            let word = Int.random(in: 0..<30, using: &random) * 8
            let value: UInt64 =
                switch Int.random(in: 0..<4, using: &random) {
                case 0: .random(in: 0 ... .max, using: &random)
                case 1: .random(in: 0...UInt64(bytes.count) * 2, using: &random)
                case 2: UInt64(bytes.count) - .random(in: 0...64, using: &random)
                default: .max - .random(in: 0...64, using: &random)
                }
            withUnsafeBytes(of: value) { for (place, byte) in $0.enumerated() { changed[word + place] = byte } }
            let region = ByteRegion(changed)
            guard let image = PackageTableImage(region) else { continue }
            let all = UnsafeRawBufferPointer(rebasing: region.bytes[...])
            for section in [
                UnsafeRawBufferPointer(image.records), UnsafeRawBufferPointer(image.names),
                UnsafeRawBufferPointer(image.places), UnsafeRawBufferPointer(image.basics),
                UnsafeRawBufferPointer(image.mentionRanks),
            ] {
                guard let base = section.baseAddress, let start = all.baseAddress else { continue }
                #expect(base >= start && base + section.count <= start + all.count)
            }
        }
    }

    @Test("keep their format while they keep its version")
    func format() throws {
        let image = try made().table().image
        #expect(PackageTableImage.version == 2)
        let digest = Digest(of: image.region.bytes).hex
        #expect(digest == "4f894c13ee2d619b1f5fc9ead88b627510f36f6a39502e8723582de605cfddf1")
    }

    @Test("can be added to, and are what they would be with all at once")
    func adding() throws {
        let folder = try made()
        let all = folder.indexes
        for count in 0..<all.count {
            var table = try ParsedIndexes(folder: folder.folder)
                .table(
                    of: Array(all[..<count]), architecture: "amd64", foreignArchitectures: ["i386"], read: folder.read)
            for index in all[count...] {
                let text = try folder.read(index)
                table = try table.adding(PackageIndex(parsing: text, source: index.source), origin: index.origin)
            }
            #expect(try table.facts() == folder.fresh().facts())
        }
    }

    @Test("with an addition are kept too, and damage to them is seen")
    func addition() throws {
        let folder = try made()
        let table = try folder.table()
        func extended(_ line: String) throws -> [String] {
            try folder.parsed.table(
                table, of: folder.indexes, adding: MadeIndexes.index([line], source: "extra"),
                origin: MadeIndexes.stable
            ).facts()
        }
        let line = "zfs-modules 1; Provides: smtpd (= 5), modules; Depends: libc6"
        let fresh = try table.adding(MadeIndexes.index([line]), origin: MadeIndexes.stable).facts()
        #expect(try extended(line) == fresh)
        #expect(try Files.list(folder.folder).count == 6)
        #expect(try extended(line) == fresh)
        #expect(try extended("zfs-modules 2") != fresh)
        for name in try Files.list(folder.folder) where name.hasSuffix(".table") {
            let path = folder.folder.appending(name)
            var bytes = try Files.read(path)
            bytes[bytes.count / 2] ^= 1
            try overwrite(path, bytes)
        }
        #expect(try extended(line) == fresh)
        #expect(folder.known() == nil)
        #expect(try folder.table().facts() == table.facts())
    }
}
