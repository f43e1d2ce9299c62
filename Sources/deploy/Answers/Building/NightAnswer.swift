import BuildGraph
import Darksites
import Locking
import Pipeline
import Primitives

/// What a night came to.
struct NightAnswer: Answer {
    let outcome: NightOutcome

    var ending: Ending { if case .failed(_, let failure) = outcome { .error(NightFailed(failure)) } else { .success } }

    func text(_ style: Style) -> [TextLine] {
        switch outcome {
        case .unchanged(let image, let took):
            return [.result("nothing moved since last night: latest is still \(style.bold(image)) (\(took.exact))")]
        case .published(let report, let publication):
            return .results(NightText(report, style: style).lines + published(publication, style))
        case .failed(let report, let failure):
            let still = report.last.map { "latest is still \(style.bold($0.image))" } ?? "nothing is published yet"
            let told = failure.report.map { "what failed  \($0)" }
            return .results(
                NightText(report, style: style).lines + [([still] + (told.map { [$0] } ?? [])).joined(separator: "   ")]
            )
        }
    }

    private func published(_ publication: Publication, _ style: Style) -> [String] {
        let kept = publication.kept == 1 ? "the first one there" : "\(publication.kept) kept"
        let labels = [
            (".md", "what moved"), (".html", "the page"), (".intoto.jsonl", "evidence"), (".lock", "its lock"),
        ]
        let beside = labels.compactMap { ending, label in
            publication.files.first { $0.hasSuffix(ending) }.map { "\(label)  \($0)" }
        }
        return ["published \(style.bold(publication.image)) to \(publication.target)   latest → it   \(kept)"]
            + beside.map { "  \($0)" }
    }

    var json: JSON? {
        switch outcome {
        case .unchanged(let image, let took):
            return .fields([
                "event": .string("night"), "outcome": .string("unchanged"), "image": .string(image),
                "seconds": .time(took),
            ])
        case .published(let report, let publication):
            return .fields([
                "event": .string("night"), "outcome": .string("published"), "image": .string(publication.image),
                "target": .string(publication.target), "files": .strings(publication.files),
                "kept": .count(publication.kept), "since": report.last.map { .string($0.image) },
                "commit": report.commit.map(JSON.string), "verified": .strings(report.verified),
                "distributions": report.difference.map { .list($0.comparison.distributions, JSON.difference) },
                "security_fixes": report.difference.map { .list(NightFix.all(in: $0), \.json) },
            ])
        case .failed(let report, let failure):
            return .fields([
                "event": .string("night"), "outcome": .string("failed"), "phase": .string("\(failure.phase)"),
                "latest": report.last.map { .string($0.image) }, "report": failure.report.map(JSON.string),
                "commit": report.commit.map(JSON.string),
                "distributions": report.difference.map { .list($0.comparison.distributions, JSON.difference) },
            ])
        }
    }
}

/// A failed night as an error: with exit code 1, whatever failed in it.
private struct NightFailed: UserError {
    let failure: NightFailure

    init(_ failure: NightFailure) { self.failure = failure }

    var what: String { failure.what }
    var location: SourceLocation? { failure.location }
    var details: [String] { failure.details }
    var hint: String? { failure.hint }
}

/// An upgrade that closes holes.
struct NightFix {
    let distribution: String
    let change: LockDifference.Change
    let story: PackageNews.Story

    /// All of `difference`, in its order.
    static func all(in difference: ProjectDifference) -> [NightFix] {
        difference.comparison.distributions.flatMap { distribution in
            distribution.changes.map(\.change).compactMap { change in
                guard let story = difference.news[distribution.name]?[change], story.isSecurityFix else { return nil }
                return NightFix(distribution: distribution.name, change: change, story: story)
            }
        }
    }

    var json: JSON {
        .fields([
            "distribution": .string(distribution), "package": .string(change.name),
            "architecture": .string(change.architecture), "vulnerabilities": .strings(story.vulnerabilities),
        ])
    }
}
