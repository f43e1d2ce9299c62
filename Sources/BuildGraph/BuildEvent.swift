package import Primitives

/// How far a running step is.
package struct StepProgress: Hashable, Sendable {
    /// What `completed` and `total` count; items may be packages, files or steps of a script.
    package enum Unit: String, Sendable { case bytes, items }

    /// What it does at the moment, in a few words: "fetching 325 packages".
    package var activity: String
    /// How much of it is done, in `unit`; 0 at the start.
    package var completed: Int64
    /// What `completed` will be at the end, where that is known.
    package var total: Int64?
    /// Items, unless it is bytes that are counted.
    package var unit: Unit

    package init(activity: String, completed: Int64 = 0, total: Int64? = nil, unit: Unit = .items) {
        self.activity = activity
        self.completed = completed
        self.total = total
        self.unit = unit
    }
}

/// Why a step had to run.
package enum RebuildReason: Hashable, Sendable {
    /// No run of this step is on record.
    case firstRun
    /// The named inputs are not what they were in the last run on record.
    case inputsChanged([InputChange])
    /// Its result is on record, but bytes of it are missing or damaged in the store, and they are needed.
    case outputMissing
    /// Somebody asked for everything to be built anew.
    case requested
}

/// One input of a step that differs from the last run on record.
package struct InputChange: Hashable, Sendable {
    /// The name of the input, "packages", or "the step's own code" for its script, arguments or version.
    package let input: String
    /// What the input was in the last run; nil where it is new, or stands for the step's own code.
    package let before: Digest?
    /// What it is now; nil where it is there no more, or stands for the step's own code.
    package let after: Digest?
    /// The step that makes this input, where one does: then that one is the cause, or something before it.
    package let producer: StepName?

    package init(input: String, before: Digest?, after: Digest?, producer: StepName?) {
        self.input = input
        self.before = before
        self.after = after
        self.producer = producer
    }
}

/// How a step ended.
package enum StepOutcome: Sendable {
    /// Ran, in this time, on this machine or a worker. `summary` is what it says of its result in a few words ("325 packages,
    /// 362 MB").
    case ran(Duration, summary: String?, isRemote: Bool = false)
    /// Its result was on record: on this host, or in a remote cache.
    case cached(isRemote: Bool = false)
    case failed(Duration, any UserError)
    case cancelled
}

/// Everything that happens in a build, in order. Terminal, plain lines and JSON are made from nothing else.
package enum BuildEvent: Sendable {
    /// The steps that are wanted, in an order in which they could run one by one.
    case planned([PlannedStep])
    /// Another build uses the same store; this one waits for it.
    case waitingForStore(holder: String)
    /// A sentence for the user that belongs to no step: what was resolved, which runtime was chosen.
    case notice(String)
    case warning(String)
    /// `expected` is how long the last run took, where one is on record; `here` why it runs on this host, where steps are sent to others.
    case stepStarted(StepName, reason: RebuildReason, expected: Duration?, here: String? = nil)
    case stepProgress(StepName, StepProgress)
    case stepFinished(StepName, StepOutcome)
    /// `cached` steps were on record, `ran` were not; the time is that of the whole build.
    case finished(ran: Int, cached: Int, Duration)
}

/// A step of a build, as it is told of before anything runs.
package struct PlannedStep: Hashable, Sendable {
    /// "debian/fetch": what the events about it are about.
    package let name: StepName
    /// Under which it is shown.
    package let stage: Stage
    /// What it does, for people: "zfs module for 6.12.57+deb13-amd64".
    package let title: String

    package init(name: StepName, stage: Stage, title: String) {
        self.name = name
        self.stage = stage
        self.title = title
    }
}
