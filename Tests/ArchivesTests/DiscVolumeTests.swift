import Primitives
import SystemPackage
import Testing

@testable import Archives

/// What xorriso wrote is found where it lies; what is damaged is an error that says where, and never a crash.
@Suite struct DiscVolumeTests {
    private let bench: Workbench

    init() throws {
        bench = try Workbench()
        try bench.run(
            """
            mkdir -p tree/a/b/c/d/e/f/g/h/i/j tree/empty
            printf deep > tree/a/b/c/d/e/f/g/h/i/j/file
            long=$(printf 'n%.0s' $(seq 1 240))
            printf long > "tree/a/$long"
            printf 'Größe' > "tree/a/Größe ~+.tar.gz"
            : > tree/nothing
            head -c 300000 /dev/urandom > tree/random
            ln -s random tree/link
            for i in $(seq 1 200); do printf %s $i > tree/a/b/file-of-many-$i; done
            xorriso -as mkisofs -quiet -R -iso-level 3 -full-iso9660-filenames -disable-deep-relocation -V MADE -o made.iso tree
            """)
    }

    private var image: FilePath { bench.path.appending("made.iso") }

    @Test func everyNameAndEveryByteIsFound() throws {
        let volume = try DiscVolume(image)
        let entries = try volume.entries()
        var found: [String: DiscVolume.Entry] = [:]
        for entry in entries { found[entry.path] = entry }
        try bench.run("(cd tree && find . -mindepth 1 -printf '%P\\n' | sort) > names")
        #expect(found.keys.sorted().joined(separator: "\n") == (try sorted("names")))
        for (path, entry) in found where entry.kind == .file {
            #expect(
                try volume.bytes(of: entry, limit: ByteCount(1_000_000)) == bench.read("tree/\(path)"), "\(path)")
        }
        #expect(found["link"]?.kind == .link)
        #expect(found["empty"]?.kind == .folder)
        #expect(found["nothing"]?.size == 0)
        #expect(volume.size == volume.declaredSize)
    }

    private func sorted(_ name: String) throws -> String {
        try bench.text(name).split(separator: "\n").map(String.init).sorted().joined(separator: "\n")
    }

    @Test func whatIsCutOffIsKnownByItsSize() throws {
        let bytes = try bench.read("made.iso")
        try bench.write(bytes.dropLast(5000), to: "cut.iso")
        let volume = try DiscVolume(bench.path.appending("cut.iso"))
        #expect(volume.declaredSize - volume.size == 5000)
        try bench.write(bytes.prefix(33_000), to: "stump.iso")
        #expect(throws: ArchiveError.self) { try DiscVolume(bench.path.appending("stump.iso")) }
    }

    /// Bytes of the descriptors and of all folders, changed one after the other in two ways.
    @Test func aChangedByteIsAnErrorOrAnotherVolumeAndNeverACrash() throws {
        let bytes = try bench.read("made.iso")
        let small = try DiscVolume(image).entries().filter { $0.kind == .folder }.flatMap(\.extents)
        var places = Set((16 * 2048)..<(17 * 2048))
        for extent in small { places.formUnion(Int(extent.lowerBound)..<Int(extent.upperBound)) }
        var errors = 0
        let changed = bench.path.appending("changed.iso")
        try Files.write(bytes, to: changed)
        let file = try FileDescriptor.open(changed, .readWrite)
        defer { try? file.close() }
        for place in places.sorted().enumerated().filter({ $0.offset % 53 == 0 }).map(\.element) {
            for change: UInt8 in [1, 0xFF] {
                try file.writeAll(toAbsoluteOffset: Int64(place), [bytes[place] ^ change])
                do { _ = try DiscVolume(changed).entries() } catch { errors += 1 }
            }
            try file.writeAll(toAbsoluteOffset: Int64(place), [bytes[place]])
        }
        #expect(errors > 50)
    }
}
