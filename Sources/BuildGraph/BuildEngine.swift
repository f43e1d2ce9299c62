package import ContentStore
import Primitives
package import SystemPackage

/// Brings steps up to date: finds results on record, runs what has none, several at once.
package struct BuildEngine: Sendable {
    /// Where inputs and outputs are; results are only good as long as their bytes are here.
    package let store: ContentStore
    /// The runs of the past, where results are looked for by key.
    package let records: RecordStore
    /// What runs the scripts of container steps.
    package let containers: any ContainerRunner
    /// Where each step that runs writes its log.
    package let logFolder: FilePath
    /// How many cores running steps may keep busy together.
    package let cores: Int
    /// Part of every step's key: "amd64".
    package let architecture: String
    /// The time by the clock of the machine, or of a test: seconds since 1970.
    package let now: @Sendable () -> Int64
    /// Gets all that happens, from whichever task it happens in; it must not wait.
    package let events: @Sendable (BuildEvent) -> Void

    package init(
        store: ContentStore, records: RecordStore, containers: any ContainerRunner, logFolder: FilePath, cores: Int,
        architecture: String, now: @escaping @Sendable () -> Int64, events: @escaping @Sendable (BuildEvent) -> Void
    ) {
        self.store = store
        self.records = records
        self.containers = containers
        self.logFolder = logFolder
        self.cores = cores
        self.architecture = architecture
        self.now = now
        self.events = events
    }

    /// How each step that `wanted` needs stands, with nothing run and nothing written.
    package func standing(of wanted: Set<StepName>, in graph: StepGraph) -> [(step: Step, standing: StepStanding)] {
        let finder = ChangeFinder(records: records)
        var found: [StepName: StepRecord] = [:]
        return graph.closure(of: wanted).compactMap { name in
            guard let step = graph.steps[name] else { return nil }
            guard let evaluation = step.evaluate(records: found, architecture: architecture) else {
                return (step, .waits(for: step.dependencies.filter { found[$0] == nil }.sorted()))
            }
            if let record = records.record(evaluation.key) {
                found[name] = record
                return (step, .cached(record))
            }
            return (step, .mustRun(evaluation, finder.reason(for: step, evaluation)))
        }
    }

    /// Brings `wanted` up to date and returns the record of every step that was needed.
    ///
    /// Throws the first failure after the steps that were running have ended, and `CancellationError` once those were
    /// stopped. What succeeded is on record in every case.
    ///
    /// With `rebuildsAll` every step runs, whatever is on record.
    package func build(
        _ wanted: Set<StepName>, in graph: StepGraph, rebuildsAll: Bool = false
    ) async throws -> BuildReport {
        let order = graph.closure(of: wanted)
        events(
            .planned(
                order.compactMap { name in
                    graph.steps[name].map { PlannedStep(name: name, stage: $0.stage, title: $0.title) }
                }))
        let start = ContinuousClock.now
        var schedule = Schedule(graph: graph, order: order, wanted: wanted, rebuildsAll: rebuildsAll)
        let failure: (any Error)? = await withTaskGroup(of: (StepName, StepEnd).self) { group in
            var failure: (any Error)?
            while true {
                if failure == nil { settle(&schedule) }
                while failure == nil, !Task.isCancelled,
                    let (step, evaluation, reason) = schedule.nextReady(cores: cores)
                {
                    group.addTask { (step.name, await run(step, evaluation, reason, graph)) }
                }
                guard let (name, end) = await group.next() else { break }
                if let error = schedule.finish(name, end), failure == nil { failure = error }
            }
            return failure
        }
        if let failure { throw failure }
        try Task.checkCancellation()
        let report = BuildReport(records: schedule.done, ran: schedule.ran, duration: ContinuousClock.now - start)
        if let open = order.first(where: { report.records[$0] == nil }) {
            throw GraphError(
                what: "\(open) could not be brought up to date", hint: "`deploy full` builds everything anew")
        }
        events(.finished(ran: report.ran.count, cached: order.count - report.ran.count, report.duration))
        return report
    }

    /// Finds on record whatever can be found, and marks as ready what can't.
    private func settle(_ schedule: inout Schedule) {
        let finder = ChangeFinder(records: records)
        for name in schedule.order where schedule.isOpen(name) {
            guard let step = schedule.graph.steps[name],
                let evaluation = step.evaluate(records: schedule.done, architecture: architecture)
            else { continue }
            guard schedule.forced[name] == nil, let record = records.record(evaluation.key) else {
                let reason = schedule.forced[name] ?? finder.reason(for: step, evaluation)
                schedule.markReady(name, evaluation, reason)
                continue
            }
            if schedule.wanted.contains(name), !record.outputs.values.allSatisfy(isPresent) {
                schedule.markReady(name, evaluation, .outputMissing)
                continue
            }
            schedule.done[name] = record
            try? records.noteUse(of: record, by: name)  // only what a later change is measured against
            events(.stepFinished(name, .cached))
        }
    }

    /// Whether an artifact is in the store, judged by names and sizes alone.
    func isPresent(_ artifact: Artifact) -> Bool {
        guard store.contains(artifact.digest, size: artifact.kind == .file ? artifact.size.bytes : nil) else {
            return false
        }
        guard artifact.kind == .tree else { return true }
        guard let tree = try? store.tree(artifact.digest) else { return false }
        return tree.nodes.values.allSatisfy { node in
            guard case .file(let digest, let size, _) = node else { return true }
            return store.contains(digest, size: size)
        }
    }

    /// Opens a shell in the container of a step, with its inputs as they are now, and returns its exit status.
    ///
    /// Throws `GraphError` where the step runs in no container, or where what it reads has not been made yet.
    package func shell(_ name: StepName, in graph: StepGraph) async throws -> Int32 {
        var found: [StepName: StepRecord] = [:]
        for (step, standing) in standing(of: [name], in: graph) {
            if case .cached(let record) = standing { found[step.name] = record }
        }
        guard let step = graph.steps[name], let evaluation = step.evaluate(records: found, architecture: architecture),
            try await stage(step, evaluation) == nil
        else {
            throw GraphError(what: "what \(name) reads has not been made yet", hint: "run `deploy build \(name)` first")
        }
        let folder = try store.makeWorkFolder("shell-\(name.fileName)")
        let status: Result<Int32, any Error>
        do {
            let command = try await StepRunner(engine: self, step: step, evaluation: evaluation).command(in: folder)
            status = .success(try await containers.shell(command))
        } catch {
            status = .failure(error)
        }
        try await BlockingWork.run { try Files.remove(folder) }
        return try status.get()
    }

    private func run(
        _ step: Step, _ evaluation: StepEvaluation, _ reason: RebuildReason, _ graph: StepGraph
    ) async -> StepEnd {
        let start = ContinuousClock.now
        let runner = StepRunner(engine: self, step: step, evaluation: evaluation)
        do {
            if let producer = try await stage(step, evaluation) { return .missing(producer) }
            let last = records.lastKey(of: step.name).flatMap(records.record)
            events(.stepStarted(step.name, reason: reason, expected: last?.duration))
            let result = try await runner.run()
            let duration = ContinuousClock.now - start
            let record = StepRecord(
                key: evaluation.key, step: step.name,
                previous: last.map(\.key).flatMap { $0 == evaluation.key ? last?.previous : $0 },
                finished: now(), duration: duration, summary: result.summary,
                log: try? store.copy(runner.log.path).digest, inputs: evaluation.inputs, outputs: result.outputs,
                code: step.code)
            try records.save(record)
            events(.stepFinished(step.name, .ran(duration, summary: result.summary)))
            return .ran(record)
        } catch {
            if error is CancellationError || Task.isCancelled {
                events(.stepFinished(step.name, .cancelled))
                return .failed(CancellationError())
            }
            let failure = error as? any UserError ?? StepFailure(step: step.name, error: error, log: runner.log)
            events(.stepFinished(step.name, .failed(ContinuousClock.now - start, failure)))
            return .failed(failure)
        }
    }

    /// Makes sure that the bytes of all inputs are in the store and undamaged. Returns the step that has to make one of
    /// them again, where one is not.
    private func stage(_ step: Step, _ evaluation: StepEvaluation) async throws -> StepName? {
        let store = store
        return try await BlockingWork.run {
            for (name, input) in step.inputs {
                switch input {
                case .literal(let bytes): try store.insert(bytes)
                case .file(let path, let digest, let shown): try Self.copy(path, digest, shown, into: store)
                case .folder(let path, let tree, let shown):
                    for case (let inside, .file(let digest, _, _)) in tree.nodes {
                        try Self.copy(path.pushing(FilePath(inside)), digest, "\(shown)/\(inside)", into: store)
                    }
                    try store.insert(tree)
                case .output(let producer, _):
                    guard let artifact = evaluation.inputs[name]?.artifact, store.isIntact(artifact.digest) else {
                        return producer
                    }
                    guard artifact.kind == .tree else { continue }
                    let tree = try store.tree(artifact.digest)
                    guard tree.digests.allSatisfy(store.isIntact) else { return producer }
                }
            }
            return nil
        }
    }

    private static func copy(_ path: FilePath, _ digest: Digest, _ shown: String, into store: ContentStore) throws {
        guard !store.isIntact(digest) else { return }
        guard try store.copy(path).digest == digest else { throw ChangedDuringBuild(path: shown) }
    }
}

/// What a build did.
package struct BuildReport: Sendable {
    /// The record of every step that was needed, cached or not.
    package let records: [StepName: StepRecord]
    /// The steps that ran; the results of all others were on record.
    package let ran: Set<StepName>
    /// From the plan to the last step's end, by a clock that nobody sets.
    package let duration: Duration
}

/// How a started step ended, as the scheduler sees it.
enum StepEnd: Sendable {
    case ran(StepRecord)
    /// An input's bytes are gone; this step has to make them again first.
    case missing(StepName)
    case failed(any Error)
}
