import ArgumentParser
import BuildGraph
import Primitives

/// The steps, and what each needs of the others.
struct GraphAnswer: Answer {
    /// What is drawn for people.
    enum Format: String, ExpressibleByArgument, CaseIterable, Sendable { case text, dot, svg }

    let graph: StepGraph
    let format: Format

    func text(_ style: Style) -> [TextLine] {
        let drawing = GraphDrawing(graph)
        return switch format {
        case .text: [.result(drawing.text)]
        case .dot: [.result(drawing.dot)]
        case .svg: [.result(drawing.svg)]
        }
    }

    /// In an order in which the steps could run.
    var json: JSON? {
        let steps = graph.order.compactMap { graph.steps[$0] }.map { step in
            JSON.fields([
                "step": .string(step.name.text), "stage": .string(step.stage.name), "title": .string(step.title),
                "needs": .strings(step.dependencies.sorted().map(\.text)), "cores": .count(step.cores),
                "here": step.stays.map(JSON.string),
            ])
        }
        return .fields(["steps": .array(steps)])
    }
}
