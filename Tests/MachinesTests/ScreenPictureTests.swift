import Testing

@testable import Machines

@Suite("A picture of a machine's screen")
struct ScreenPictureTests {
    private func picture(_ header: String, _ pixels: [UInt8]) -> ScreenPicture? {
        ScreenPicture(ppm: Array(header.utf8) + pixels)
    }

    @Test("An empty screen and a console of text are not drawn; what has many colours is")
    func drawn() throws {
        let black = try #require(picture("P6\n100 2\n255\n", Array(repeating: 0, count: 600)))
        #expect(black.colours == 1 && black.width == 100 && black.height == 2 && !black.isDrawn)
        let console = (0..<200).flatMap { [UInt8(0), UInt8($0 % 16), UInt8(0)] }
        #expect(picture("P6\n100 2\n255\n", console)?.isDrawn == false)
        let desktop = (0..<200).flatMap { [UInt8($0), UInt8(10), UInt8(255)] }
        #expect(picture("P6 100 2 255\n", desktop)?.isDrawn == true)
    }

    @Test("How much of the screen looks otherwise is told")
    func difference() throws {
        let one = try #require(picture("P6 2 2 255\n", [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]))
        let other = try #require(picture("P6 2 2 255\n", [1, 1, 1, 2, 2, 0, 3, 3, 3, 4, 4, 4]))
        #expect(one.difference(from: one) == 0 && one.difference(from: other) == 0.25)
        #expect(try one.difference(from: #require(picture("P6 1 1 255\n", [1, 1, 1]))) == 1)
    }

    @Test(
        "What is no picture, or a part of one, is none",
        arguments: [
            "", "P6", "P6\n", "P5\n1 1\n255\nabc", "P6\n1 1\n65535\nabc", "P6\n2 2\n255\nabc", "P6\n-1 -1\n255\nabc",
            "P6\nx",
        ])
    func none(text: String) {
        #expect(ScreenPicture(ppm: Array(text.utf8)) == nil)
    }
}
