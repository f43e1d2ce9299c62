package import ContentStore
package import Primitives

/// What is remembered of a build as a whole: what was asked, what ran and why, and what came of it.
package struct BuildRecord: Hashable, Sendable {
    /// How a build ended.
    package enum Outcome: Hashable, Sendable {
        case succeeded
        /// What was wrong, in a sentence.
        case failed(String)
        /// Somebody stopped it.
        case cancelled
    }

    /// A part of a build that is no step: reading and resolving, or putting the image where it belongs.
    package struct Phase: Hashable, Sendable {
        /// "declaration and lock"
        package let name: String
        /// Since the build began.
        package let began: Duration
        package let ended: Duration

        package init(name: String, began: Duration, ended: Duration) {
            self.name = name
            self.began = began
            self.ended = ended
        }
    }

    /// The image that came out.
    package struct Image: Hashable, Sendable {
        /// What its file is called: "kldload-free-debian-server-amd64-20261120-4f2c1d9.iso".
        package let name: String
        /// The name without date and digest: images of one series are compared with each other.
        package let series: String
        /// The whole file.
        package let blob: Blob
        /// What gates proved of it, a sentence each.
        package let proofs: [String]
        /// What a draft leaves unproven, a sentence each.
        package let unproven: [String]

        package init(name: String, series: String, blob: Blob, proofs: [String], unproven: [String]) {
            self.name = name
            self.series = series
            self.blob = blob
            self.proofs = proofs
            self.unproven = unproven
        }
    }

    /// Counted from 1 in each store; 0 for one that was not kept.
    package var number: Int
    /// Seconds since 1970.
    package let started: Int64
    /// Of the whole command, the resolution counted.
    package let duration: Duration
    /// The folder of the declaration: several checkouts may share a store.
    package let folder: String
    /// The words of the command: "build", "--draft", "iso".
    package let request: [String]
    /// How it ended.
    package let outcome: Outcome
    /// The commit that the checkout was at, abbreviated; nil where it is none of git's.
    package let commit: String?
    /// The lock that it was made of; nil where there was none yet.
    package let lock: Blob?
    /// What made it run, a few words each, the most telling first; empty where nothing ran.
    package let causes: [String]
    /// In the order in which they began.
    package let phases: [Phase]
    /// All that were wanted, each after those it reads.
    package let steps: [StepRun]
    /// The image, where one was made.
    package var image: Image?
    /// The page about it; nil where none was made.
    package var page: Blob?
    /// The tests of the image since then, the last one first.
    package var tests: [ImageTest]

    package init(
        number: Int = 0, started: Int64, duration: Duration, folder: String, request: [String], outcome: Outcome,
        commit: String?, lock: Blob?, causes: [String], phases: [Phase], steps: [StepRun], image: Image? = nil,
        page: Blob? = nil, tests: [ImageTest] = []
    ) {
        self.number = number
        self.started = started
        self.duration = duration
        self.folder = folder
        self.request = request
        self.outcome = outcome
        self.commit = commit
        self.lock = lock
        self.causes = causes
        self.phases = phases
        self.steps = steps
        self.image = image
        self.page = page
        self.tests = tests
    }

    /// The step called `name`; nil where it was not wanted.
    package subscript(name: StepName) -> StepRun? { steps.first { $0.name == name } }

    /// How many steps ended so.
    package func count(_ outcome: StepRun.Outcome) -> Int { steps.count { $0.outcome == outcome } }
}

/// What became of one step in one build.
package struct StepRun: Hashable, Sendable {
    /// How it ended.
    package enum Outcome: String, Hashable, Sendable, CaseIterable {
        case ran
        /// Its result was on record.
        case cached
        case failed
        /// It was running when the build was stopped.
        case stopped
        /// Its turn never came.
        case skipped
    }

    /// "debian/fetch"
    package let name: StepName
    /// The stage that it is shown with.
    package let stage: Stage
    /// What it does, for people.
    package let title: String
    /// The steps whose outputs it reads, by name.
    package let needs: [StepName]
    /// What became of it.
    package let outcome: Outcome
    /// Whether its result came from a remote cache, or it ran on another machine.
    package let isRemote: Bool
    /// What its result is found by; nil where that was not known when the build ended.
    package let key: StepKey?
    /// The run on record before this one: what "changed" is measured against.
    package let previous: StepKey?
    /// When it began, since the build began; of one that is cached, when that was found out.
    package let began: Duration
    /// The same as `began` for one that did not run.
    package let ended: Duration
    /// How many it may keep busy.
    package let cores: Int
    /// What it said; of one that is cached, what it said when it ran.
    package let log: Blob?
    /// All that it made, together.
    package let made: ByteCount
    /// What it said of its result, in a few words.
    package let summary: String?
    /// Why it ran, the root causes alone, a few words each; empty for one that did not run.
    package let causes: [String]
    /// What was wrong, where it failed; the lines of it.
    package let error: String?

    package init(
        name: StepName, stage: Stage, title: String, needs: [StepName], outcome: Outcome, isRemote: Bool = false,
        key: StepKey? = nil, previous: StepKey? = nil, began: Duration = .zero, ended: Duration = .zero, cores: Int = 1,
        log: Blob? = nil,
        made: ByteCount = .zero, summary: String? = nil, causes: [String] = [], error: String? = nil
    ) {
        self.name = name
        self.stage = stage
        self.title = title
        self.needs = needs
        self.outcome = outcome
        self.isRemote = isRemote
        self.key = key
        self.previous = previous
        self.began = began
        self.ended = ended
        self.cores = cores
        self.log = log
        self.made = made
        self.summary = summary
        self.causes = causes
        self.error = error
    }

    /// Where its result is from, in a few words.
    package var place: String {
        switch outcome {
        case .cached: isRemote ? "from the remote cache" : "cached"
        default: isRemote ? "on a worker" : "here"
        }
    }

    /// How long it ran in this build.
    package var duration: Duration { ended - began }
}
