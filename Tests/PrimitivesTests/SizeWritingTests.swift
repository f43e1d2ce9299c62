import Primitives
import Testing

@Suite struct SizeWritingTests {
    @Test(arguments: [
        ("0", 0), ("1000000", 1_000_000), ("500M", 500_000_000), ("500 MB", 500_000_000), ("40G", 40_000_000_000),
        ("40GB", 40_000_000_000), ("1.5T", 1_500_000_000_000), ("4GiB", 4_294_967_296), ("4Gi", 4_294_967_296),
        ("2k", 2000), ("2KiB", 2048), ("12B", 12), ("0.5g", 500_000_000), ("9007199254740993", 9_007_199_254_740_993),
    ])
    func sizesAreReadAsPeopleWriteThem(text: String, bytes: Int64) {
        #expect(ByteCount(written: text)?.bytes == bytes)
    }

    @Test(arguments: [
        "", "G", "much", "-1G", "1e9", "4 G B", "40GG", "1.5.2G", ".5G", "5.G", "4iB", "1P", "0x10", "nan",
        "99999999999G", "1,5G", "40 Gb/s",
    ])
    func whatIsNoSizeIsRefused(text: String) { #expect(ByteCount(written: text) == nil) }

    @Test func whatIsShownCanBeWritten() throws {
        for bytes: Int64 in [17, 194_000, 8_200_000, 1_300_000_000, 40_000_000_000, 2_000_000_000_000] {
            #expect(ByteCount(written: "\(ByteCount(bytes))")?.bytes == bytes)
        }
    }
}
