/// How many single-character edits (a letter changed, missing, added, or swapped with its neighbour) turn a word into another;
/// capitals count as small letters (the optimal string alignment distance).
package struct EditDistance {
    private let word: [UInt8]
    private var rows: [[Int]]

    /// Measures from `word`, in UTF-8: edits are counted in bytes.
    package init(_ word: [UInt8]) {
        self.word = word
        rows = Array(repeating: Array(repeating: 0, count: word.count + 1), count: 3)
    }

    /// The distance to `other`, or nil where it is more than `limit`.
    package mutating func measure(_ other: UnsafeRawBufferPointer, limit: Int) -> Int? {
        guard abs(other.count - word.count) <= limit else { return nil }
        for column in 0...word.count { rows[1][column] = column }
        var previousByte: UInt8 = 0
        for (row, byte) in other.enumerated() {
            rows[2][0] = row + 1
            var smallest = row + 1
            for column in 0..<word.count {
                var cost = rows[1][column] + (Self.isSame(byte, word[column]) ? 0 : 1)
                cost = min(cost, rows[1][column + 1] + 1, rows[2][column] + 1)
                if row > 0, column > 0, Self.isSame(byte, word[column - 1]),
                    Self.isSame(previousByte, word[column])
                {
                    cost = min(cost, rows[0][column - 1] + 1)
                }
                rows[2][column + 1] = cost
                smallest = min(smallest, cost)
            }
            guard smallest <= limit else { return nil }
            previousByte = byte
            rows.swapAt(0, 1)
            rows.swapAt(1, 2)
        }
        let result = rows[1][word.count]
        return result <= limit ? result : nil
    }

    private static func isSame(_ a: UInt8, _ b: UInt8) -> Bool {
        a == b || a ^ b == 0x20 && (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(a | 0x20)
    }

    /// Those of `names` that `name` may have been meant to be, the likeliest first: at most a third of its letters, and no more
    /// than three, are mistyped, missing, too many or swapped with the next.
    package static func nearest(to name: String, among names: some Sequence<String>, count: Int = 3) -> [String] {
        let wanted = Array(name.utf8)
        guard wanted.count <= 100 else { return [] }
        var distance = EditDistance(wanted)
        var found: [(distance: Int, name: String)] = []
        for var name in names {
            let measured = name.withUTF8 { utf8 in
                distance.measure(UnsafeRawBufferPointer(utf8), limit: min(3, max(1, wanted.count / 3)))
            }
            if let measured { found.append((measured, name)) }
        }
        return found.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(count).map(\.name)
    }
}
