import Primitives

/// What a build can be asked for by name: its steps and their stages.
package struct TargetNames: Sendable {
    /// In an order in which they could run one by one.
    package let steps: [(name: StepName, stage: Stage)]

    package init(_ steps: [(name: StepName, stage: Stage)]) { self.steps = steps }

    /// The stages there are, in order.
    package var stages: [Stage] { Set(steps.map(\.stage)).sorted { $0.number < $1.number } }

    /// The steps that `targets` (names of steps, names or numbers of stages; none means all) stand for, without what they need.
    /// Throws `GraphError` at an unknown name, saying which there are.
    package func resolve(_ targets: [String]) throws(GraphError) -> Set<StepName> {
        guard !targets.isEmpty, targets != ["all"] else { return Set(steps.map(\.name)) }
        var wanted: Set<StepName> = []
        for target in targets {
            let found = steps.filter { $0.stage.name == target || String($0.stage.number) == target }
            if !found.isEmpty {
                wanted.formUnion(found.map(\.name))
            } else if let step = steps.first(where: { $0.name.text == target }) {
                wanted.insert(step.name)
            } else {
                let names = (stages.map(\.name).joined(separator: ", "), steps.map(\.name.text).joined(separator: ", "))
                throw GraphError(
                    what: "there is no stage or step called \"\(target)\"",
                    hint: "stages: \(names.0); steps: \(names.1)", isUsageError: true)
            }
        }
        return wanted
    }
}

extension StepGraph {
    /// What can be asked for of this graph.
    package var names: TargetNames {
        TargetNames(order.compactMap { name in steps[name].map { (name, $0.stage) } })
    }

    /// The steps that `targets` stand for, as `TargetNames` has it. Throws `GraphError`.
    package func resolve(targets: [String]) throws(GraphError) -> Set<StepName> { try names.resolve(targets) }
}
