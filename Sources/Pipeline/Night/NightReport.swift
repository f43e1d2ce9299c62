package import Installation
package import Packages
package import Primitives
import SystemPackage

/// What a night came to.
package enum NightOutcome: Sendable {
    /// The image would be the one that is there.
    case unchanged(image: String, took: Duration)
    case published(NightReport, Publication)
    /// The former image is still the latest.
    case failed(NightReport, NightFailure)
}

/// What a night has done, as far as it came.
package struct NightReport: Sendable {
    /// When it began.
    package let start: LockDate
    /// The last good night; nil where there was none.
    package let last: LastNight?
    /// The commit of the declaration, abbreviated; nil outside of a git repository.
    package let commit: String?
    /// The commits since the last good night's, the newest first: "4f2c1d9 Take htop in". The newest ones, where there are many.
    package internal(set) var commits: [String] = []
    /// What moved since the last good night; nil in the first one, and where it did not come so far.
    package internal(set) var difference: ProjectDifference?
    /// What was built.
    package internal(set) var build: BuildResult?
    /// What was verified of the image, a line each.
    package internal(set) var verified: [String] = []
    /// What the virtual machine told; nil where none was started.
    package internal(set) var test: TestReport?

    /// What the files of this night are called that belong to no image: "20261128-031502".
    package var stamp: String { start.compact }
}

/// The night whose image is the latest, as the files beside that tell.
package struct LastNight: Sendable {
    /// "kldload-free-debian-server-amd64-20261127-91be002.iso"
    package let image: String
    /// The bytes of its lock; nil where it is not there.
    package let lock: [UInt8]?
    /// The commit that it was built of, abbreviated; nil where that is not known.
    package let commit: String?
}

extension LastNight {
    /// The night that made `image`, by what it left in `folder`.
    init(image: String, filesIn folder: FilePath) {
        let files = NightRecord.files(of: image)
        self.init(
            image: image, lock: try? Files.read(folder.appending(files.lock)),
            commit: (try? Files.read(folder.appending(files.record))).flatMap(NightRecord.commit))
    }
}

/// What was published, and where.
package struct Publication: Sendable {
    /// As the user called it.
    package let target: String
    /// "kldload-free-debian-server-amd64-20261128-4f2c1d9.iso"
    package let image: String
    /// The names of all files, the image's first.
    package let files: [String]
    /// How many images are there now.
    package let kept: Int
}

/// Why a night failed.
package struct NightFailure: UserError {
    /// What it was doing.
    package let phase: NightPhase
    /// What failed: an error of the phase's own.
    package let cause: any Error
    /// Where the report of the failure is; nil where it could not be written anywhere.
    package internal(set) var report: String?
    /// Why the report is not where it belongs, or not at all.
    package internal(set) var reportProblem: String?

    init(_ phase: NightPhase, _ cause: any Error) {
        self.phase = phase
        self.cause = cause
    }

    private var error: (any UserError)? { cause as? any UserError }

    package var what: String { "the night failed when \(phase.rawValue): \(error?.what ?? "\(cause)")" }
    package var location: SourceLocation? { error?.location }
    package var details: [String] { (error?.details ?? []) + (reportProblem.map { [$0] } ?? []) }
    package var hint: String? { error?.hint }
}

/// An installation in a virtual machine in which something failed.
struct InstallationFailed: UserError {
    let report: TestReport
    let results: String

    var what: String {
        report.failed == 0 ? "nothing could be looked at" : "\(report.failed) of \(report.cases.count) checks failed"
    }
    var details: [String] {
        let failures = report.cases.flatMap { item -> [String] in
            guard case .failed(let what, let details) = item.outcome else { return [] }
            return ["\(item.name): \(what)"] + details.map { "  \($0)" }
        }
        return failures + ["log    \(results)"]
    }
    var hint: String? { "look at the consoles' logs and pictures there; `deploy test` does it again" }
}
