import Primitives

/// What a build has said of itself so far: a value that events change, each at a time since the build began.
package struct BuildChronicle: Sendable {
    /// What is known of one step.
    package struct Entry: Sendable {
        /// Nil until it is settled: it runs, or waits for its turn.
        package var outcome: StepRun.Outcome?
        /// When it began, or was found on record.
        package var began: Duration
        /// When it ended; `began` until then.
        package var ended: Duration
        /// Why it had to run; nil for one that did not.
        package var reason: RebuildReason?
        /// What was wrong.
        package var error: String?
        /// Whether its result came from a remote cache, or it ran on another machine.
        package var isRemote = false
    }

    /// By name; of a step whose turn never came there is nothing.
    package private(set) var entries: [StepName: Entry] = [:]
    /// Those that ended, in the order of their beginnings.
    package private(set) var phases: [BuildRecord.Phase] = []
    /// What was said to the user, and when.
    package private(set) var notices: [(text: String, time: Duration)] = []

    /// Nothing has happened yet.
    package init() {}

    /// Takes note of an event.
    package mutating func note(_ event: BuildEvent, at time: Duration) {
        switch event {
        case .stepStarted(let name, let reason, _, _):
            entries[name] = Entry(outcome: nil, began: time, ended: time, reason: reason, error: nil)
        case .stepFinished(let name, let outcome):
            var entry = entries[name] ?? Entry(outcome: nil, began: time, ended: time, reason: nil, error: nil)
            entry.ended = time
            // A step says that it started once its inputs are there; its time counts from before that.
            switch outcome {
            case .ran(let duration, _, let isRemote):
                entry.outcome = .ran
                entry.isRemote = isRemote
                entry.began = max(time - duration, .zero)
            case .cached(let isRemote):
                // One that ran, and whose bytes were gone again, is found on record once more.
                if entry.outcome == .ran { return }
                entry.outcome = .cached
                entry.isRemote = isRemote
            case .failed(let duration, let error):
                entry.outcome = .failed
                entry.began = max(time - duration, .zero)
                entry.error = error.description
            case .cancelled: entry.outcome = .stopped
            }
            entries[name] = entry
        case .notice(let text), .warning(let text): notices.append((text, time))
        case .planned, .waitingForStore, .stepProgress, .finished: break
        }
    }

    /// Takes note of a part that is no step.
    package mutating func note(phase name: String, from began: Duration, to ended: Duration) {
        phases.append(BuildRecord.Phase(name: name, began: began, ended: ended))
        phases.sort { $0.began < $1.began }
    }

    /// Whether a step ran, or was to, or its result came from elsewhere.
    package var hasRun: Bool { entries.values.contains { $0.outcome != .cached || $0.isRemote } }
}
