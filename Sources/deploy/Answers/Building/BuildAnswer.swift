import BuildGraph
import Pipeline
import Primitives
import SystemPackage

/// What a build came to.
struct BuildAnswer: Answer {
    let result: BuildResult

    init(_ result: BuildResult) { self.result = result }

    func text(_ style: Style) -> [TextLine] { .results(lines(style)) }

    private func lines(_ style: Style) -> [String] {
        let report = result.report
        let steps = "\(report.ran.count) steps run, \(report.records.count - report.ran.count) cached"
        guard let image = result.image else { return ["\(steps), \(report.duration.shown)"] }
        let unproven = result.unproven.map { "\(style.bold("not proven:")) \($0)" }
        if report.ran.isEmpty, !image.isNew {
            return ["\(image.shown) is up to date (\(report.records.count) steps cached, \(result.duration.exact))"]
                + unproven
        }
        return ["\(style.bold(image.shown))   \(image.size)   sha256 \(image.digest.short)…"]
            + result.proofs.map { "proven: \($0)" } + unproven
            + (result.page.map { ["what ran and why, what moved, where the bytes go: \($0)"] } ?? [])
            + ["\(result.duration.shown) · \(steps)"]
    }

    /// The image; without one, the event `done` has said all.
    var json: JSON? {
        guard let image = result.image else { return nil }
        return .fields([
            "event": .string("image"), "path": .string(image.path.string), "size": .size(image.size),
            "sha256": .string(image.digest.hex), "new": .bool(image.isNew), "proven": .strings(result.proofs),
            "not_proven": .strings(result.unproven), "build": result.build.map(JSON.count),
            "page": result.page.map(JSON.string),
        ])
    }
}

extension Duration {
    /// Milliseconds below a second: "31 ms".
    var exact: String {
        self < .seconds(1) ? "\(Int64((self / .milliseconds(1)).rounded())) ms" : shown
    }
}
