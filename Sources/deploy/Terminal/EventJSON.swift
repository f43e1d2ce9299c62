import BuildGraph
import Primitives

/// Events as JSON, an object a line: what `--json` prints.
enum EventJSON {
    /// One line without its end. Times are in seconds; `time` is seconds since the start of the command.
    static func line(_ event: BuildEvent, at time: Double) -> String {
        var fields: [(String, JSON)] = [("time", .number((time * 1000).rounded() / 1000))]
        func add(_ name: String, _ value: JSON) { fields.append((name, value)) }
        switch event {
        case .planned(let steps):
            add("event", .string("planned"))
            add(
                "steps",
                .array(
                    steps.map {
                        .object([
                            ("step", .string($0.name.text)), ("stage", .string($0.stage.name)),
                            ("title", .string($0.title)),
                        ])
                    }))
        case .waitingForStore(let holder):
            add("event", .string("waiting"))
            add("holder", .string(holder))
        case .notice(let text):
            add("event", .string("notice"))
            add("text", .string(text))
        case .warning(let text):
            add("event", .string("warning"))
            add("text", .string(text))
        case .stepStarted(let name, let reason, _):
            add("event", .string("started"))
            add("step", .string(name.text))
            switch reason {
            case .firstRun: add("reason", .string("first run"))
            case .requested: add("reason", .string("asked for"))
            case .outputMissing: add("reason", .string("output missing"))
            case .inputsChanged(let changes):
                add("reason", .string("inputs changed"))
                add("inputs", .array(changes.map { .string($0.input) }))
            }
        case .stepProgress(let name, let progress):
            add("event", .string("progress"))
            add("step", .string(name.text))
            add("activity", .string(progress.activity))
            add("unit", .string(progress.unit.rawValue))
            add("completed", .number(Double(progress.completed)))
            if let total = progress.total { add("total", .number(Double(total))) }
        case .stepFinished(let name, let outcome):
            add("event", .string("finished"))
            add("step", .string(name.text))
            switch outcome {
            case .cached: add("outcome", .string("cached"))
            case .cancelled: add("outcome", .string("cancelled"))
            case .ran(let duration, let summary):
                add("outcome", .string("ran"))
                add("seconds", .number(duration / .seconds(1)))
                if let summary { add("summary", .string(summary)) }
            case .failed(let duration, let error):
                add("outcome", .string("failed"))
                add("seconds", .number(duration / .seconds(1)))
                add("error", .string(error.description))
            }
        case .finished(let ran, let cached, let duration):
            add("event", .string("done"))
            add("ran", .number(Double(ran)))
            add("cached", .number(Double(cached)))
            add("seconds", .number(duration / .seconds(1)))
        }
        return JSON.object(fields).text
    }
}
