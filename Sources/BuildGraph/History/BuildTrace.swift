import ContentStore
package import Primitives

/// A build as a trace that Perfetto and chrome://tracing open: the JSON object format of the Trace Event Format
/// (https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU).
///
/// Steps that run at once lie on tracks below each other, each on the first one that is free when it begins; what was found on
/// record has a track of its own, and so has what the build does beside its steps.
package struct BuildTrace: Sendable {
    private let record: BuildRecord
    private let notices: [(text: String, time: Duration)]

    /// Of a build that has ended, kept or not, with what it said on the way.
    package init(of record: BuildRecord, notices: [(text: String, time: Duration)] = []) {
        self.record = record
        self.notices = notices
    }

    /// The trace of a build in which nothing happened.
    package static let empty = JSON.object([("traceEvents", .array([]))])

    /// The whole trace.
    package var json: JSON {
        let name = record.number > 0 ? "build \(record.number)" : "build"
        var events = [Self.name("process_name", name, track: Track.build)]
        var tracks = [(Track.build, "the build"), (Track.cached, "on record")]
        var busyUntil: [Duration] = []
        for phase in record.phases {
            events.append(
                Self.complete(phase.name, "phase", phase.began, phase.ended, track: Track.build, arguments: []))
        }
        for notice in notices {
            events.append(
                .object([
                    ("name", .string(notice.text)), ("cat", .string("notice")), ("ph", .string("i")),
                    ("s", .string("t")), ("ts", Self.time(notice.time)), ("pid", .number(1)),
                    ("tid", .number(Double(Track.build))),
                ]))
        }
        for step in record.steps.sorted(by: { ($0.began, $0.name) < ($1.began, $1.name) }) {
            switch step.outcome {
            case .skipped: continue
            case .cached: events.append(Self.event(step, track: Track.cached))
            case .ran, .failed, .stopped:
                let slot = busyUntil.firstIndex { $0 <= step.began } ?? busyUntil.count
                if slot == busyUntil.count {
                    busyUntil.append(step.ended)
                    tracks.append((Track.first + slot, "slot \(slot + 1)"))
                } else {
                    busyUntil[slot] = step.ended
                }
                events.append(Self.event(step, track: Track.first + slot))
            }
        }
        for (track, name) in tracks {
            events.append(Self.name("thread_name", name, track: track))
            events.append(
                .object([
                    ("name", .string("thread_sort_index")), ("ph", .string("M")), ("pid", .number(1)),
                    ("tid", .number(Double(track))), ("args", .object([("sort_index", .number(Double(track)))])),
                ]))
        }
        return .object([
            ("traceEvents", .array(events)), ("displayTimeUnit", .string("ms")), ("otherData", .object(facts)),
        ])
    }

    private enum Track {
        static let build = 1
        static let cached = 2
        static let first = 3
    }

    /// About the build as a whole. Values must be strings there.
    private var facts: [(String, JSON)] {
        var facts = [("command", JSON.string(record.request.joined(separator: " ")))]
        if let commit = record.commit { facts.append(("commit", .string(commit))) }
        if let lock = record.lock { facts.append(("lock", .string(lock.digest.hex))) }
        switch record.outcome {
        case .succeeded: facts.append(("outcome", .string("succeeded")))
        case .cancelled: facts.append(("outcome", .string("cancelled")))
        case .failed(let what): facts += [("outcome", .string("failed")), ("error", .string(what))]
        }
        return facts
    }

    /// In microseconds.
    private static func time(_ time: Duration) -> JSON { .number((time / .microseconds(1)).rounded()) }

    private static func event(_ step: StepRun, track: Int) -> JSON {
        var arguments: [(String, JSON)] = [
            ("outcome", .string(step.outcome.rawValue)), ("cached", .bool(step.outcome == .cached)),
            ("stage", .string("\(step.stage.number) \(step.stage.title)")), ("title", .string(step.title)),
            ("cores", .number(Double(step.cores))), ("bytes", .number(Double(step.made.bytes))),
        ]
        if let key = step.key { arguments.append(("key", .string("\(key)"))) }
        if !step.causes.isEmpty { arguments.append(("cause", .string(step.causes.joined(separator: "; ")))) }
        if let summary = step.summary { arguments.append(("summary", .string(summary))) }
        if let error = step.error { arguments.append(("error", .string(error))) }
        return complete(step.name.text, "step", step.began, step.ended, track: track, arguments: arguments)
    }

    private static func complete(
        _ name: String, _ category: String, _ began: Duration, _ ended: Duration, track: Int,
        arguments: [(String, JSON)]
    ) -> JSON {
        .object([
            ("name", .string(name)), ("cat", .string(category)), ("ph", .string("X")), ("ts", time(began)),
            ("dur", time(ended - began)), ("pid", .number(1)), ("tid", .number(Double(track))),
            ("args", .object(arguments)),
        ])
    }

    private static func name(_ kind: String, _ name: String, track: Int) -> JSON {
        .object([
            ("name", .string(kind)), ("ph", .string("M")), ("pid", .number(1)), ("tid", .number(Double(track))),
            ("args", .object([("name", .string(name))])),
        ])
    }
}
