/// What is done, running and ready in a build: a plain value, changed by the engine alone.
struct Schedule {
    let graph: StepGraph
    let order: [StepName]
    let wanted: Set<StepName>
    /// Those that other machines run.
    let elsewhere: Set<StepName>
    /// The records of steps that are up to date.
    var done: [StepName: StepRecord] = [:]
    /// Steps that must run although their result is on record, and why: its bytes are gone, or somebody asked for it.
    private(set) var forced: [StepName: RebuildReason]
    private(set) var ran: Set<StepName> = []
    private var ready: [StepName: (StepEvaluation, RebuildReason)] = [:]
    private var running: Set<StepName> = []
    /// How often each step was sent back to make bytes again that were gone.
    private var sentBack: [StepName: Int] = [:]

    init(graph: StepGraph, order: [StepName], wanted: Set<StepName>, rebuildsAll: Bool, elsewhere: Set<StepName> = []) {
        self.graph = graph
        self.order = order
        self.wanted = wanted
        self.elsewhere = elsewhere
        forced = rebuildsAll ? Dictionary(uniqueKeysWithValues: order.map { ($0, .requested) }) : [:]
    }

    /// Whether nothing is decided about a step.
    func isOpen(_ name: StepName) -> Bool { done[name] == nil && ready[name] == nil && !running.contains(name) }

    mutating func markReady(_ name: StepName, _ evaluation: StepEvaluation, _ reason: RebuildReason) {
        ready[name] = (evaluation, reason)
    }

    /// Takes the next ready step, in the order of the graph, that the free cores allow; one that wants more than there are
    /// runs when nothing else does.
    mutating func nextReady(cores here: Int, elsewhere there: Int = 0) -> (Step, StepEvaluation, RebuildReason)? {
        func busy(_ steps: Set<StepName>) -> Int { steps.reduce(0) { $0 + (graph.steps[$1]?.cores ?? 0) } }
        let (busyHere, busyThere) = (busy(running.subtracting(elsewhere)), busy(running.intersection(elsewhere)))
        let taken = Set(running.compactMap { graph.steps[$0]?.exclusive })
        for name in order {
            guard let (evaluation, reason) = ready[name], let step = graph.steps[name] else { continue }
            if let thing = step.exclusive, taken.contains(thing) { continue }
            let (busy, cores) = elsewhere.contains(name) ? (busyThere, there) : (busyHere, here)
            guard step.cores == 0 || busy == 0 || busy + step.cores <= cores else { continue }
            ready[name] = nil
            running.insert(name)
            return (step, evaluation, reason)
        }
        return nil
    }

    /// Whether a result was made of what its producers' results are by now: one of them may have been made again, and other
    /// bytes have come of it.
    private func isCurrent(_ record: StepRecord) -> Bool {
        record.inputs.values.allSatisfy { input in
            guard case .step(let producer, let output, _) = input.origin, let made = done[producer] else { return true }
            return made.outputs[output]?.digest == input.artifact.digest
        }
    }

    /// Notes how a running step ended; returns the error where it failed.
    mutating func finish(_ name: StepName, _ end: StepEnd) -> (any Error)? {
        running.remove(name)
        switch end {
        case .ran(let record):
            forced[name] = nil
            ran.insert(name)
            done[name] = record
            for name in order { if let record = done[name], !isCurrent(record) { done[name] = nil } }
            return nil
        case .missing(let producer):
            // It becomes ready again once its producer has made the bytes anew. Where they never stay, that must end.
            sentBack[producer, default: 0] += 1
            guard sentBack[producer, default: 0] <= 8 else {
                return GraphError(
                    what: "what \(producer) makes for \(name) is gone from the store each time it is made")
            }
            done[producer] = nil
            forced[producer] = .outputMissing
            return nil
        case .failed(let error):
            return error
        }
    }
}
