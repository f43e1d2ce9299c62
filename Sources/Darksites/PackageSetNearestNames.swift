/// Which known name somebody most likely meant who wrote an unknown one.
package enum NearestNames {
    /// The name in `known` that is nearest to `name`, or nil where none is near enough to be meant.
    ///
    /// Near means: letters left out, added, replaced or two neighbours swapped, at most one for every three letters of
    /// `name` (the optimal string alignment distance). Of names equally near, the first in the order of bytes wins.
    package static func nearest(to name: String, in known: some Sequence<String>) -> String? {
        let wanted = Array(name.utf8)
        var best: (name: String, distance: Int)?
        for candidate in known where candidate != name {
            let limit = min(max(1, (wanted.count + 1) / 3), best?.distance ?? .max)
            var candidate = candidate
            let distance = candidate.withUTF8 { Self.distance(wanted, $0, limit: limit) }
            guard let distance, distance < wanted.count else { continue }
            if let best, (best.distance, best.name) < (distance, candidate) { continue }
            best = (candidate, distance)
        }
        return best?.name
    }

    /// A hint for the person who wrote `name`: the nearest of `known`, or else all of them where they are few.
    package static func hint(for name: String, in known: some Collection<String>) -> String? {
        if let nearest = nearest(to: name, in: known) { return "did you mean \(nearest)?" }
        guard !known.isEmpty, known.count <= 12 else { return nil }
        return "known: \(known.sorted().joined(separator: ", "))"
    }

    /// The distance between `a` and `b`, or nil where it is more than `limit`.
    private static func distance(_ a: [UInt8], _ b: UnsafeBufferPointer<UInt8>, limit: Int) -> Int? {
        guard abs(a.count - b.count) <= limit else { return nil }
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            row.reserveCapacity(b.count + 1)
            for j in 0..<b.count {
                var value = min(row[j] + 1, last[j + 1] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { value = min(value, beforeLast[j - 1] + 1) }
                row.append(value)
            }
            guard row.contains(where: { $0 <= limit }) else { return nil }
            (beforeLast, last) = (last, row)
        }
        return last[b.count] <= limit ? last[b.count] : nil
    }
}
