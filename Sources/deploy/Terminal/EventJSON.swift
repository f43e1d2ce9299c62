import BuildGraph
import Primitives

/// What happens on the way, for programs.
enum EventJSON {
    /// `object` with its time, in seconds since the start of the command, where it is an event; else as it is.
    static func stamped(_ object: JSON, at time: Double) -> JSON {
        guard case .object(let fields) = object, fields.first?.0 == "event" else { return object }
        return .object([("time", .number((time * 1000).rounded() / 1000))] + fields)
    }

    static func object(_ event: BuildEvent) -> JSON {
        switch event {
        case .planned(let steps): .fields(["event": .string("planned"), "steps": .list(steps, step)])
        case .waitingForStore(let holder): .fields(["event": .string("waiting"), "holder": .string(holder)])
        case .notice(let text): .fields(["event": .string("notice"), "text": .string(text)])
        case .warning(let text): .fields(["event": .string("warning"), "text": .string(text)])
        case .stepStarted(let name, let reason, _, let here): started(name, reason, here)
        case .stepProgress(let name, let progress):
            .fields([
                "event": .string("progress"), "step": .string(name.text), "activity": .string(progress.activity),
                "unit": .string(progress.unit.rawValue), "completed": .number(Double(progress.completed)),
                "total": progress.total.map { .number(Double($0)) },
            ])
        case .stepFinished(let name, let outcome): finished(name, outcome)
        case .finished(let ran, let cached, let duration):
            .fields([
                "event": .string("done"), "ran": .count(ran), "cached": .count(cached), "seconds": .time(duration),
            ])
        }
    }

    private static func step(_ step: PlannedStep) -> JSON {
        .fields([
            "step": .string(step.name.text), "stage": .string(step.stage.name), "title": .string(step.title),
        ])
    }

    private static func started(_ name: StepName, _ reason: RebuildReason, _ here: String?) -> JSON {
        let words: String
        var inputs: JSON?
        switch reason {
        case .firstRun: words = "first run"
        case .requested: words = "asked for"
        case .outputMissing: words = "output missing"
        case .inputsChanged(let changes):
            words = "inputs changed"
            inputs = .strings(changes.map(\.input))
        }
        return .fields([
            "event": .string("started"), "step": .string(name.text), "reason": .string(words), "inputs": inputs,
            "here": here.map(JSON.string),
        ])
    }

    private static func finished(_ name: StepName, _ outcome: StepOutcome) -> JSON {
        let word: String
        var (seconds, summary, error): (JSON?, JSON?, JSON?) = (nil, nil, nil)
        var isRemote = false
        switch outcome {
        case .cached(let fromRemote): (word, isRemote) = ("cached", fromRemote)
        case .cancelled: word = "cancelled"
        case .ran(let duration, let said, let onWorker):
            (word, isRemote, seconds, summary) = ("ran", onWorker, .time(duration), said.map(JSON.string))
        case .failed(let duration, let reason):
            (word, seconds, error) = ("failed", .time(duration), .string(reason.description))
        }
        return .fields([
            "event": .string("finished"), "step": .string(name.text), "outcome": .string(word),
            "remote": isRemote ? .bool(true) : nil, "seconds": seconds,
            "summary": summary, "error": error,
        ])
    }
}
