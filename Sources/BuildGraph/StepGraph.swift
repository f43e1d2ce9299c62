import Primitives

/// The steps of a build and what each needs of the others.
package struct StepGraph: Sendable {
    /// By name; whatever they depend on is among them.
    package let steps: [StepName: Step]
    /// All names, each after those it depends on; among equals by stage and name.
    package let order: [StepName]

    /// Throws `GraphError` at two steps of one name, an input that no step makes, and a cycle.
    package init(_ list: [Step]) throws(GraphError) {
        var steps: [StepName: Step] = [:]
        for step in list {
            guard steps.updateValue(step, forKey: step.name) == nil else {
                throw GraphError(what: "two steps are called \(step.name)")
            }
        }
        for (file, names) in Dictionary(grouping: steps.keys, by: \.fileName) where names.count > 1 {
            throw GraphError(
                what: "\(names.sorted().map(\.text).joined(separator: " and ")) would share the log \(file).log")
        }
        for step in list {
            for case .output(let producer, let output) in step.inputs.values
            where steps[producer]?.outputs[output] == nil {
                throw GraphError(what: "\(step.name) reads \(output) of \(producer), which does not make it")
            }
            if case .container(.input(let image), _, _, _) = step.action, step.inputs[image] == nil {
                throw GraphError(what: "\(step.name) has no input \(image) to start a container from")
            }
        }
        var order: [StepName] = []
        var visited: Set<StepName> = []
        var path: [StepName] = []
        func visit(_ name: StepName) throws(GraphError) {
            if path.contains(name) { throw GraphError(what: "\(name) depends on itself") }
            guard visited.insert(name).inserted, let step = steps[name] else { return }
            path.append(name)
            for dependency in step.dependencies.sorted() { try visit(dependency) }
            path.removeLast()
            order.append(name)
        }
        for step in list.sorted(by: { ($0.stage.number, $0.name) < ($1.stage.number, $1.name) }) {
            try visit(step.name)
        }
        self.steps = steps
        self.order = order
    }

    /// The stages there are, in order.
    package var stages: [Stage] { names.stages }

    /// `wanted` with all they need, in an order in which they could run one by one.
    package func closure(of wanted: Set<StepName>) -> [StepName] {
        var needed = wanted
        for name in order.reversed() where needed.contains(name) { needed.formUnion(steps[name]?.dependencies ?? []) }
        return order.filter(needed.contains)
    }
}

/// A graph that can't be, or a name that is not in it.
package struct GraphError: UserError {
    package let what: String
    package let hint: String?
    package let isUsageError: Bool

    package init(what: String, hint: String? = nil, isUsageError: Bool = false) {
        self.what = what
        self.hint = hint
        self.isUsageError = isUsageError
    }
}
