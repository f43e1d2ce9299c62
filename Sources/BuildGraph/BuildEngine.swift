import ContentStore
import Primitives
package import SystemPackage

/// Brings steps up to date: finds results on record, runs what has none, several at once.
package struct BuildEngine: Sendable {
    /// Where inputs and outputs are; results are only good as long as their bytes are to be had.
    package let store: any ArtifactStore
    /// The runs of the past, where results are looked for by key.
    package let records: any RecordStore
    /// What runs the scripts of container steps.
    package let containers: any ContainerRunner
    /// What runs them on other machines; nil where there are none.
    package let executor: (any StepExecutor)?
    /// Where each step that runs writes its log.
    package let logFolder: FilePath
    /// How many cores running steps may keep busy together: here, and on other machines.
    package let cores: Int
    package let coresElsewhere: Int
    /// Part of every step's key: "amd64".
    package let architecture: String
    /// The time by the clock of the machine, or of a test: seconds since 1970.
    package let now: @Sendable () -> Int64
    /// Gets all that happens, from whichever task it happens in; it must not wait.
    package let events: @Sendable (BuildEvent) -> Void

    package init(
        store: any ArtifactStore, records: any RecordStore, containers: any ContainerRunner,
        executor: (any StepExecutor)? = nil, logFolder: FilePath, cores: Int, coresElsewhere: Int = 0,
        architecture: String, now: @escaping @Sendable () -> Int64,
        events: @escaping @Sendable (BuildEvent) -> Void
    ) {
        self.store = store
        self.records = records
        self.containers = containers
        self.executor = executor
        self.logFolder = logFolder
        self.cores = cores
        self.coresElsewhere = coresElsewhere
        self.architecture = architecture
        self.now = now
        self.events = events
    }

    /// How each step that `wanted` needs stands, with nothing run and nothing written. Throws what finding a record does.
    package func standing(
        of wanted: Set<StepName>, in graph: StepGraph
    ) async throws -> [(step: Step, standing: StepStanding)] {
        let finder = ChangeFinder(records: records)
        var found: [StepName: StepRecord] = [:]
        var result: [(step: Step, standing: StepStanding)] = []
        for name in graph.closure(of: wanted) {
            guard let step = graph.steps[name] else { continue }
            guard let evaluation = step.evaluate(records: found, architecture: architecture) else {
                result.append((step, .waits(for: step.dependencies.filter { found[$0] == nil }.sorted())))
                continue
            }
            found[name] = try await records.find(step, evaluation)?.record
            if let record = found[name] {
                result.append((step, .cached(record)))
            } else {
                result.append((step, .mustRun(evaluation, await finder.reason(for: step, evaluation))))
            }
        }
        return result
    }

    /// Brings `wanted` up to date and returns the record of every step that was needed.
    ///
    /// Throws the first failure after the steps that were running have ended, and `CancellationError` once those were
    /// stopped. What succeeded is on record in every case.
    ///
    /// With `rebuildsAll` every step runs, whatever is on record. What wanted steps made that no other wanted step reads is on this
    /// host then, and what those made that are `published`; of the others it is enough that it can be had.
    package func build(
        _ wanted: Set<StepName>, in graph: StepGraph, rebuildsAll: Bool = false, published: Set<StepName> = []
    ) async throws -> BuildReport {
        let order = graph.closure(of: wanted)
        let read = wanted.reduce(into: Set<StepName>()) { $0.formUnion(graph.steps[$1]?.dependencies ?? []) }
        let needed = wanted.subtracting(read).union(published.intersection(wanted))
        events(
            .planned(
                order.compactMap { name in
                    graph.steps[name].map { PlannedStep(name: name, stage: $0.stage, title: $0.title) }
                }))
        let start = ContinuousClock.now
        let elsewhere = order.filter { name in graph.steps[name].map(runsElsewhere) ?? false }
        var schedule = Schedule(
            graph: graph, order: order, wanted: wanted, rebuildsAll: rebuildsAll, elsewhere: Set(elsewhere))
        let failure: (any Error)? = await withTaskGroup(of: TaskEnd.self) { group in
            var failure: (any Error)?
            while true {
                if failure == nil {
                    do { try await settle(&schedule, needed) } catch { failure = error }
                }
                while failure == nil, !Task.isCancelled,
                    let (step, evaluation, reason) = schedule.nextReady(cores: cores, elsewhere: coresElsewhere)
                {
                    group.addTask { .step(step, evaluation, await run(step, evaluation, reason, graph)) }
                }
                switch await group.next() {
                case .step(let step, let evaluation, let end):
                    if let error = schedule.finish(step.name, end), failure == nil { failure = error }
                    // Others need not wait for it, but the build ends only when it is done.
                    if case .ran(let record) = end { group.addTask { await share(record, of: step, evaluation) } }
                case .shared(let error): failure = failure ?? error
                case nil: return failure
                }
            }
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
    private func settle(_ schedule: inout Schedule, _ needed: Set<StepName>) async throws {
        let finder = ChangeFinder(records: records)
        while true {
            let open = schedule.order.compactMap { name -> (step: Step, evaluation: StepEvaluation)? in
                guard schedule.isOpen(name), let step = schedule.graph.steps[name] else { return nil }
                return step.evaluate(records: schedule.done, architecture: architecture).map { (step, $0) }
            }
            if open.isEmpty { return }
            let found = try await find(open.filter { schedule.forced[$0.step.name] == nil })
            for (step, evaluation) in open {
                let name = step.name
                if let reason = schedule.forced[name] {
                    schedule.markReady(name, evaluation, reason)
                    continue
                }
                guard let found = found[name] else {
                    schedule.markReady(name, evaluation, await finder.reason(for: step, evaluation))
                    continue
                }
                if schedule.wanted.contains(name),
                    try await !hasAll(found.record.outputs, onThisHost: needed.contains(name))
                {
                    schedule.markReady(name, evaluation, .outputMissing)
                    continue
                }
                schedule.done[name] = found.record
                try? await records.noteUse(of: found.record, by: name)  // only what a later change is measured against
                events(.stepFinished(name, .cached(isRemote: found.place == .remote)))
            }
        }
    }

    /// What is on record of these steps, looked for at once: records may be far away.
    private func find(_ steps: [(step: Step, evaluation: StepEvaluation)]) async throws -> [StepName: FoundRecord] {
        try await withThrowingTaskGroup(of: (StepName, FoundRecord?).self) { group in
            for (step, evaluation) in steps {
                group.addTask { (step.name, try await records.find(step, evaluation)) }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    private func hasAll(_ outputs: [String: Artifact], onThisHost: Bool) async throws -> Bool {
        for artifact in outputs.values {
            let isThere = try await onThisHost ? store.fetchAbsent(artifact) : store.mayHave(artifact)
            guard isThere else { return false }
        }
        return true
    }

    private func share(_ record: StepRecord, of step: Step, _ evaluation: StepEvaluation) async -> TaskEnd {
        do {
            try await records.share(record, of: step, evaluation)
            return .shared(nil)
        } catch is CancellationError {
            return .shared(nil)
        } catch {
            return .shared(error)
        }
    }

    /// Opens a shell in the container of a step, with its inputs as they are now, and returns its exit status.
    ///
    /// Throws `GraphError` where the step runs in no container, or where what it reads has not been made yet.
    package func shell(_ name: StepName, in graph: StepGraph) async throws -> Int32 {
        var found: [StepName: StepRecord] = [:]
        for (step, standing) in try await standing(of: [name], in: graph) {
            if case .cached(let record) = standing { found[step.name] = record }
        }
        guard let step = graph.steps[name], let evaluation = step.evaluate(records: found, architecture: architecture),
            try await stage(step, evaluation) == nil
        else {
            throw GraphError(what: "what \(name) reads has not been made yet", hint: "run `deploy build \(name)` first")
        }
        let folder = try store.workArea.makeFolder("shell-\(name.fileName)")
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
            let last = await records.lastRecord(of: step.name)
            var (result, isRemote) = (try await runElsewhere(runner, reason, last), true)
            if result == nil {
                if let producer = try await stage(step, evaluation) { return .missing(producer) }
                let here = executor?.objection(to: step)
                events(.stepStarted(step.name, reason: reason, expected: last?.duration, here: here))
                (result, isRemote) = (try await runner.run(), false)
            }
            guard let result else { throw CancellationError() }
            let duration = ContinuousClock.now - start
            let record = StepRecord(
                key: evaluation.key, step: step.name,
                previous: last.map(\.key).flatMap { $0 == evaluation.key ? last?.previous : $0 },
                finished: now(), duration: duration, summary: result.summary,
                log: try? await store.insert(copying: runner.log.path), inputs: evaluation.inputs,
                outputs: result.outputs, code: step.code)
            try await records.save(record)
            events(.stepFinished(step.name, .ran(duration, summary: result.summary, isRemote: isRemote)))
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

    private func runsElsewhere(_ step: Step) -> Bool { executor.map { $0.objection(to: step) == nil } ?? false }

    /// What came of the step on another machine; nil where it did not run there.
    private func runElsewhere(
        _ runner: StepRunner, _ reason: RebuildReason, _ last: StepRecord?
    ) async throws -> StepResult? {
        let step = runner.step
        guard let executor, runsElsewhere(step) else { return nil }
        // What other steps made need not be on this host.
        for input in step.inputs.values { try await stage(input) }
        events(.stepStarted(step.name, reason: reason, expected: last?.duration))
        try Files.createDirectory(logFolder)
        try Files.remove(runner.log.path)
        return try await executor.run(step, runner.evaluation, log: runner.log) { [events] progress in
            events(.stepProgress(step.name, progress))
        }
    }

    /// Makes sure that the bytes of all inputs are in the store and undamaged. Returns the step that has to make one of
    /// them again, where one is not.
    private func stage(_ step: Step, _ evaluation: StepEvaluation) async throws -> StepName? {
        for (name, input) in step.inputs {
            try await stage(input)
            guard case .output(let producer, _) = input else { continue }
            guard let artifact = evaluation.inputs[name]?.artifact, try await store.fetch(artifact) else {
                return producer
            }
        }
        return nil
    }

    /// The same of one input that is the user's, or the step's own.
    private func stage(_ input: StepInput) async throws {
        switch input {
        case .literal(let bytes): try await store.insert(bytes)
        case .file(let path, let blob, let shown):
            if try await !store.fetch(blob) { try await copy(path, blob, shown) }
        case .folder(let path, let tree, let shown):
            let missing = try await store.fetch(tree.blobs)
            for case (let inside, .file(let blob, _)) in tree.nodes where missing.contains(blob) {
                try await copy(path.pushing(FilePath(inside)), blob, "\(shown)/\(inside)")
            }
            try await store.insert(tree)
        case .output: break
        }
    }

    private func copy(_ path: FilePath, _ blob: Blob, _ shown: String) async throws {
        guard try await store.insert(copying: path) == blob else { throw ChangedDuringBuild(path: shown) }
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

/// What a task of a build came to.
private enum TaskEnd: Sendable {
    case step(Step, StepEvaluation, StepEnd)
    /// A result was handed on to others, or that failed.
    case shared((any Error)?)
}

/// How a started step ended, as the scheduler sees it.
enum StepEnd: Sendable {
    case ran(StepRecord)
    /// An input's bytes are gone; this step has to make them again first.
    case missing(StepName)
    case failed(any Error)
}
