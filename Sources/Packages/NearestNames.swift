import Primitives

/// Which known name somebody most likely meant who wrote an unknown one.
package enum NearestNames {
    /// The name in `known` that is nearest to `name`, or nil where none is near enough to be meant.
    ///
    /// Near means: letters left out, added, replaced or two neighbours swapped, at most one for every three letters of
    /// `name` (the optimal string alignment distance). Of names equally near, the first in the order of bytes wins.
    package static func nearest(to name: String, in known: some Sequence<String>) -> String? {
        let wanted = Array(name.utf8)
        var distance = EditDistance(wanted)
        var best: (name: String, distance: Int)?
        for candidate in known where candidate != name {
            let limit = min(max(1, (wanted.count + 1) / 3), best?.distance ?? .max)
            var candidate = candidate
            let found = candidate.withUTF8 { distance.measure(UnsafeRawBufferPointer($0), limit: limit) }
            guard let found, found < wanted.count else { continue }
            if let best, (best.distance, best.name) < (found, candidate) { continue }
            best = (candidate, found)
        }
        return best?.name
    }

    /// A hint for the person who wrote `name`: the nearest of `known`, or else all of them where they are few.
    package static func hint(for name: String, in known: some Collection<String>) -> String? {
        if let nearest = nearest(to: name, in: known) { return "did you mean \(nearest)?" }
        guard !known.isEmpty, known.count <= 12 else { return nil }
        return "known: \(known.sorted().joined(separator: ", "))"
    }
}
