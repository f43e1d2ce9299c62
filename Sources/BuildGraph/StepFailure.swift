import Primitives
import SystemPackage

/// A step that failed: which, how, the end of what it said, and how to look into it.
package struct StepFailure: UserError {
    /// The step that failed.
    package let step: StepName
    package let what: String
    package let details: [String]
    package let hint: String?

    /// A container's script that ended with a status other than 0.
    package init(step: StepName, status: Int32, duration: Duration, log: StepLog) {
        self.step = step
        what = "step \(step) failed after \(duration.shown) (exit \(status))"
        details = log.tail(12).map { "  " + $0 } + ["log    \(log.path)"]
        hint = "shell  ./deploy shell \(step)"
    }

    /// A native step that threw.
    package init(step: StepName, error: any Error, log: StepLog) {
        self.step = step
        let cause = error as? any UserError
        what = "\(step): " + (cause?.what ?? "\(error)")
        details = (cause?.details ?? []) + (Files.exists(log.path) ? ["log    \(log.path)"] : [])
        hint = cause?.hint
    }
}

/// A file of the user's that changed between the moment it was hashed and the moment it was needed.
package struct ChangedDuringBuild: UserError {
    /// As people know it; in a folder of the user's, with the path inside: "live-build/overlay/etc/motd".
    package let path: String
    package var what: String { "\(path) changed while the build was running" }
    package var hint: String? { "build again" }
}

extension Duration {
    /// "0.4 s", "41 s", "1:31", "1:02:03".
    package var shown: String {
        let tenths = Int64((self / .milliseconds(100)).rounded())
        if tenths < 100 { return "\(tenths / 10).\(tenths % 10) s" }
        let seconds = (tenths + 5) / 10
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        switch seconds {
        case ..<60: return "\(seconds) s"
        case ..<3600: return "\(seconds / 60):\(two(seconds % 60))"
        default: return "\(seconds / 3600):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
        }
    }
}
