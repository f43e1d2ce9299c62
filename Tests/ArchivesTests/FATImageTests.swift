import Primitives
import Testing

@testable import Archives

@Suite("A FAT image, judged by mtools, fsck.vfat and blkid")
struct FATImageTests {
    @Test(
        "Files come out as they went in, whatever their size",
        arguments: [0, 1, 511, 512, 513, 5_000, 200_000, 1_000_000])
    func content(size: Int) throws {
        let bench = try Workbench()
        let content = sampleBytes(size)
        let image = try FATImage.make(label: "KLDLOADSEED", files: [("answers.env", content), ("SECOND", [1, 2, 3])])
        try bench.write(image, to: "image")
        try bench.run(
            """
            fsck.vfat -n image
            mcopy -i image ::answers.env first
            mcopy -i image ::SECOND second
            mdir -b -i image :: > names
            blkid -p -o value -s LABEL image > label
            blkid -p -o value -s TYPE image > type
            """)
        #expect(try bench.read("first") == content)
        #expect(try bench.read("second") == [1, 2, 3])
        #expect(try bench.text("names") == "::/answers.env\n::/SECOND\n")
        #expect(try bench.text("label") == "KLDLOADSEED\n")
        #expect(try bench.text("type") == "vfat\n")
    }

    @Test("Names that take more than eight letters are as they were given")
    func longNames() throws {
        let bench = try Workbench()
        let files: [(name: String, content: [UInt8])] = [
            ("meta-data", [1]), ("user-data", [2]), ("Mixed.Case-xx", [3]), ("plain", [4]),
        ]
        try bench.write(try FATImage.make(label: "CIDATA", files: files), to: "image")
        try bench.run(
            """
            fsck.vfat -n image
            mdir -b -i image :: > names
            for name in meta-data user-data Mixed.Case-xx plain; do mcopy -i image ::$name - ; done > content
            """)
        #expect(try bench.text("names") == "::/meta-data\n::/user-data\n::/Mixed.Case-xx\n::/plain\n")
        #expect(try bench.read("content") == [1, 2, 3, 4])
    }

    @Test("The same content gives the same bytes, another one another serial number")
    func deterministic() throws {
        let first = try FATImage.make(label: "A", files: [("a.b", [1])])
        #expect(try FATImage.make(label: "A", files: [("a.b", [1])]) == first)
        #expect(try FATImage.make(label: "A", files: [("a.b", [2])])[39..<43] != first[39..<43])
    }

    @Test("What does not fit is refused")
    func tooLarge() {
        #expect(throws: FATImage.Failure.self) {
            try FATImage.make(label: "A", files: [("a", [UInt8](repeating: 0, count: 1_100_000))])
        }
    }

    @Test(
        "Names that FAT can't have are refused",
        arguments: ["", "a.b.c", "fourteen-chars", "a b", "é", ".x"])
    func names(name: String) {
        #expect(throws: FATImage.Failure.badName(name)) { try FATImage.make(label: "A", files: [(name, [])]) }
    }

    @Test("Labels that FAT can't have are refused", arguments: ["KLDLOAD-SEED", "small", "A B"])
    func labels(label: String) {
        #expect(throws: FATImage.Failure.badLabel(label)) { try FATImage.make(label: label, files: []) }
    }
}
