import Testing

@testable import Containers

@Suite struct LineSplitterTests {
    private func lines(_ pieces: [String]) -> [String] {
        var splitter = LineSplitter()
        var result: [String] = []
        for piece in pieces { Array(piece.utf8).withUnsafeBytes { splitter.append($0) { result.append($0) } } }
        splitter.finish { result.append($0) }
        return result
    }

    @Test(arguments: [
        (["a\nb\n"], ["a", "b"]), (["a", "b", "\nc"], ["ab", "c"]), (["a\r\nb\r\n"], ["a", "b"]), (["\n\n"], ["", ""]),
        ([], []),
        (["10%\r20%\r", "30%\r\nx"], ["30%", "x"]), (["\u{e9}"], ["\u{e9}"]),
    ])
    func `lines are cut wherever the pieces are`(pieces: [String], expected: [String]) {
        #expect(lines(pieces) == expected)
        #expect(lines(pieces.joined().map(String.init)) == expected)
    }

    @Test func `a line without end does not grow without end`() {
        let result = lines([String(repeating: "x", count: 200_000)])
        #expect(result.allSatisfy { $0.utf8.count <= 65_536 })
        #expect(result.joined().utf8.count == 200_000)
    }
}
