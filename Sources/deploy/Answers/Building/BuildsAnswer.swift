import BuildGraph
import ContentStore
import Packages
import Primitives

/// The builds that are kept, a line each, the newest first.
struct BuildsAnswer: Answer {
    let builds: [BuildRecord]
    /// That of this checkout: builds of others that share the store say where they were.
    let folder: String

    func text(_ style: Style) -> [TextLine] {
        guard !builds.isEmpty else {
            return [.aside("no build is on record yet: `deploy build` leaves one when it runs a step")]
        }
        let heads = ["build", "", "began (UTC)", "took", "ran", "cached", "image", "because of"].map(style.faint)
        return .results(Table.lines([heads] + builds.map { row($0, style) }, alignedRight: [0, 3, 4, 5]))
    }

    private func row(_ build: BuildRecord, _ style: Style) -> [String] {
        let elsewhere = build.folder == folder ? "" : " (in \(build.folder))"
        return [
            "\(build.number)", build.outcome.mark(style), build.begin, build.duration.shown, "\(build.count(.ran))",
            "\(build.count(.cached))", build.result, build.because + elsewhere,
        ]
    }

    var json: JSON? { .fields(["builds": .list(builds, JSON.build)]) }
}

extension JSON {
    /// A build as a whole, without its steps.
    static func build(_ build: BuildRecord) -> JSON {
        .fields([
            "build": .count(build.number), "started": .date(LockDate(secondsSince1970: build.started)),
            "seconds": .time(build.duration), "outcome": .string(build.outcome.word),
            "error": build.outcome.what.map(JSON.string), "folder": .string(build.folder),
            "request": .strings(build.request), "commit": build.commit.map(JSON.string),
            "lock": build.lock.map { .string($0.digest.hex) }, "causes": .strings(build.causes),
            "ran": .count(build.count(.ran)), "cached": .count(build.count(.cached)),
            "image": build.image.map(image),
        ])
    }

    private static func image(_ image: BuildRecord.Image) -> JSON {
        .fields([
            "name": .string(image.name), "size": .size(image.blob.size), "sha256": .string(image.blob.digest.hex),
            "proven": .strings(image.proofs), "not_proven": .strings(image.unproven),
        ])
    }
}

extension BuildRecord.Outcome {
    var word: String {
        switch self {
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .cancelled: "cancelled"
        }
    }

    /// What was wrong.
    var what: String? { if case .failed(let what) = self { what } else { nil } }

    func mark(_ style: Style) -> String {
        switch self {
        case .succeeded: style.good("✓")
        case .failed: style.bad("✗")
        case .cancelled: style.warning("–")
        }
    }
}

extension BuildRecord {
    /// "2026-11-20 14:12"
    var begin: String {
        let text = "\(LockDate(secondsSince1970: started))"
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(5))"
    }

    /// The image; for want of one, the step that failed or what was asked for.
    fileprivate var result: String {
        if let image { return image.name }
        switch outcome {
        case .failed:
            return steps.first { $0.outcome == .failed }.map { "\($0.name) failed" } ?? "failed"
        case .cancelled: return "stopped"
        case .succeeded: return request.dropFirst().joined(separator: " ")
        }
    }

    /// The first two causes, and how many more there were.
    fileprivate var because: String {
        causes.prefix(2).joined(separator: "; ") + (causes.count > 2 ? "; \(causes.count - 2) more" : "")
    }
}
