/// A rectangle, from its upper left corner.
struct Box: Hashable, Sendable {
    var x, y, width, height: Double

    var area: Double { width * height }

    /// Smaller by `left`, `top` and so on; never less than nothing.
    func inset(left: Double = 0, top: Double = 0, right: Double = 0, bottom: Double = 0) -> Box {
        Box(x: x + left, y: y + top, width: max(width - left - right, 0), height: max(height - top - bottom, 0))
    }
}

/// Divides a rectangle among weights so that the pieces are as near to squares as can be (Bruls, Huizing, van Wijk: Squarified
/// Treemaps, 2000).
enum TreeMap {
    /// A piece of `box` for each of `weights`, which come with the largest first; its area is in proportion.
    static func pieces(of box: Box, among weights: [Double]) -> [Box] {
        let total = weights.reduce(0, +)
        guard total > 0, box.area > 0 else { return weights.map { _ in Box(x: box.x, y: box.y, width: 0, height: 0) } }
        let areas = weights.map { $0 / total * box.area }
        var pieces: [Box] = []
        var rest = box
        var next = 0
        while next < areas.count {
            let side = min(rest.width, rest.height)
            var end = next + 1
            var sum = areas[next]
            var worst = ratio(areas[next...next], sum, side)
            while end < areas.count {
                let longer = ratio(areas[next...end], sum + areas[end], side)
                if longer > worst { break }
                sum += areas[end]
                worst = longer
                end += 1
            }
            lay(areas[next..<end], sum, into: &rest, &pieces)
            next = end
        }
        return pieces
    }

    /// How far the least square of a row's pieces is from a square; 1 is one.
    private static func ratio(_ row: ArraySlice<Double>, _ sum: Double, _ side: Double) -> Double {
        guard let most = row.first, let least = row.last, least > 0, sum > 0, side > 0 else { return .infinity }
        let (square, sums) = (side * side, sum * sum)
        return max(square * most / sums, sums / (square * least))
    }

    /// Puts a row along the shorter side of `rest`, and takes its room away.
    private static func lay(_ row: ArraySlice<Double>, _ sum: Double, into rest: inout Box, _ pieces: inout [Box]) {
        let isUpright = rest.width >= rest.height
        let side = isUpright ? rest.height : rest.width
        let depth = side > 0 ? sum / side : 0
        var place = isUpright ? rest.y : rest.x
        for area in row {
            let length = depth > 0 ? area / depth : 0
            pieces.append(
                isUpright
                    ? Box(x: rest.x, y: place, width: depth, height: length)
                    : Box(x: place, y: rest.y, width: length, height: depth))
            place += length
        }
        rest = isUpright ? rest.inset(left: depth) : rest.inset(top: depth)
    }
}
