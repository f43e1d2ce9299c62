/// Names that somebody may have meant.
enum NearestNames {
    /// Up to three of `names` that are at most two edits away from `text` (one for short ones), the nearest first.
    static func of(_ text: String, among names: [String]) -> [String] {
        let wanted = Array(text.utf8)
        let limit = wanted.count < 5 ? 1 : 2
        var found: [(distance: Int, name: String)] = []
        for name in names {
            let utf8 = Array(name.utf8)
            guard abs(utf8.count - wanted.count) <= limit else { continue }
            let distance = distance(wanted, utf8, limit: limit)
            if distance <= limit { found.append((distance, name)) }
        }
        return found.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
    }

    /// Insertions, deletions, replacements and swaps of neighbours between two texts; more than `limit` where it is more.
    private static func distance(_ a: [UInt8], _ b: [UInt8], limit: Int) -> Int {
        var before = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1] + [Int](repeating: 0, count: b.count)
            for j in 0..<b.count {
                row[j + 1] = min(row[j] + 1, last[j + 1] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { row[j + 1] = min(row[j + 1], before[j - 1] + 1) }
            }
            if row.min().map({ $0 > limit }) == true { return limit + 1 }
            (before, last) = (last, row)
        }
        return last[b.count]
    }
}
