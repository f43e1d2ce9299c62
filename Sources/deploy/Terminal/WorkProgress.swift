import BuildGraph
import Primitives

/// How far something is that takes a while and is no step of a build: a stick that is written, a file that is read.
struct WorkProgress: Hashable, Sendable {
    /// What it does, in a few words: "writing". Another word is another thing, whose time begins then.
    let activity: String
    /// In bytes.
    var completed: ByteCount
    /// In bytes, too.
    let total: ByteCount
    /// When it began, in seconds on the clock that `line` is asked by.
    let start: Double

    /// "writing ████░░░░ 362 MB of 966 MB · 41 MB/s · 9.1 s · about 15 s left", at most `width` characters.
    func line(at time: Double, width: Int) -> String {
        let elapsed = max(time - start, 0)
        let bar = width >= 80 ? " " + BuildView.bar(fraction, width: 16) : ""
        var parts = ["  \(activity)\(bar) \(completed) of \(total)"]
        if elapsed > 0.2, completed > .zero {
            let rate = Double(completed.bytes) / elapsed
            parts.append("\(ByteCount(Int64(rate)))/s")
            parts.append(Duration.seconds(elapsed).shown)
            let left = Double(total.bytes - completed.bytes) / rate
            if left >= 1 { parts.append("about \(Duration.seconds(left).shown) left") }
        }
        return BuildView.cut(parts.joined(separator: " · "), width)
    }

    /// "writing: 362 MB of 966 MB"
    var plainLine: String { "\(activity): \(completed) of \(total)" }

    var json: JSON {
        .fields([
            "event": .string("progress"), "activity": .string(activity), "unit": .string("bytes"),
            "completed": .size(completed), "total": .size(total),
        ])
    }

    private var fraction: Double? { total > .zero ? Double(completed.bytes) / Double(total.bytes) : nil }
}
