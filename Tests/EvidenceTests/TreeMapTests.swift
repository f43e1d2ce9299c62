import Testing

@testable import Evidence

@Suite struct TreeMapTests {
    private static let box = Box(x: 3, y: 7, width: 600, height: 400)

    /// Bruls, Huizing and van Wijk's own example.
    @Test func theExampleOfThePaperComesOutAsThere() {
        let pieces = TreeMap.pieces(of: Box(x: 0, y: 0, width: 6, height: 4), among: [6, 6, 4, 3, 2, 2, 1])
        #expect(pieces[0] == Box(x: 0, y: 0, width: 3, height: 2) && pieces[1] == Box(x: 0, y: 2, width: 3, height: 2))
        #expect(abs(pieces[2].width - 12.0 / 7) < 1e-9 && abs(pieces[2].height - 7.0 / 3) < 1e-9)
    }

    @Test(arguments: [
        [1], [5, 4, 3, 2, 1], [1000, 1, 1, 1], Array(repeating: 3.0, count: 97), (1...400).map { 1e6 / Double($0) },
        [5, 0, 0],
    ])
    func piecesFillTheBoxInProportionAndDoNotOverlap(weights: [Double]) {
        let pieces = TreeMap.pieces(of: Self.box, among: weights)
        let total = weights.reduce(0, +)
        #expect(pieces.count == weights.count)
        for (piece, weight) in zip(pieces, weights) {
            #expect(abs(piece.area - weight / total * Self.box.area) < 0.01)
            #expect(
                piece.x >= 3 - 1e-6 && piece.y >= 7 - 1e-6 && piece.x + piece.width <= 603.001
                    && piece.y + piece.height <= 407.001)
        }
        for (index, a) in pieces.enumerated() {
            for b in pieces[(index + 1)...] {
                let width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
                let height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
                #expect(width < 1e-6 || height < 1e-6)
            }
        }
    }

    @Test func nothingOfNothingIsNoError() {
        #expect(TreeMap.pieces(of: Self.box, among: []).isEmpty)
        #expect(TreeMap.pieces(of: Self.box, among: [0, 0]).allSatisfy { $0.area == 0 })
        #expect(TreeMap.pieces(of: Box(x: 0, y: 0, width: 0, height: 9), among: [2, 1]).count == 2)
    }
}

@Suite struct MarkupTests {
    @Test func whatIsInterpolatedIsText() {
        let name = "<b>\"&'\u{7}"
        let markup: Markup = "<i title=\"\(name)\">\(name)</i>\(1)\(0.25)\(-1.05)\(3.0)"
        let text = "&lt;b&gt;&quot;&amp;&#39;\u{FFFD}"
        #expect(markup.html == "<i title=\"\(text)\">\(text)</i>10.3-1.13")
        #expect((["a", "b"] as [Markup]).joined("<br>").html == "a<br>b")
    }
}
