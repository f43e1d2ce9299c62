import Primitives
import Testing

@testable import BuildGraph

@Suite struct StepGraphTests {
    static let chain: [Step] = [
        .container(
            "image/iso", stage: .second,
            inputs: ["r": .output("image/squash", "file"), "d": .output("base/debs", "file")]),
        .container("image/squash", stage: .second, inputs: ["r": .output("base/root", "file")]),
        .container("base/root", inputs: ["d": .output("base/debs", "file")]), .container("base/debs"),
        .container("base/other"),
    ]

    @Test func ordersEachStepAfterWhatItNeeds() throws {
        let graph = try StepGraph(Self.chain)
        #expect(graph.order == ["base/debs", "base/other", "base/root", "image/squash", "image/iso"])
        #expect(graph.stages == [.first, .second])
        #expect(try StepGraph(Self.chain.reversed()).order == graph.order)
    }

    @Test func refusesACycle() {
        let error = #expect(throws: GraphError.self) {
            try StepGraph([
                .container("a/a", inputs: ["x": .output("a/c", "file")]),
                .container("a/b", inputs: ["x": .output("a/a", "file")]),
                .container("a/c", inputs: ["x": .output("a/b", "file")]),
            ])
        }
        #expect(error?.what.contains("depends on itself") == true)
        #expect(throws: GraphError.self) { try StepGraph([.container("a/a", inputs: ["x": .output("a/a", "file")])]) }
    }

    @Test(arguments: [("a/b", "gone"), ("a/none", "file")])
    func refusesAnInputThatNothingMakes(producer: String, output: String) {
        let error = #expect(throws: GraphError.self) {
            try StepGraph([.container("a/b"), .container("a/c", inputs: ["x": .output(StepName(producer), output)])])
        }
        #expect(error?.what == "a/c reads \(output) of \(producer), which does not make it")
    }

    @Test(arguments: [("a/b", "a/b"), ("a/b-c", "a-b/c")])
    func refusesNamesThatWouldShareALog(first: String, second: String) {
        #expect(throws: GraphError.self) { try StepGraph([.container(StepName(first)), .container(StepName(second))]) }
    }

    @Test func refusesAnImageThatIsNoInput() {
        let step = Step(
            "a/b", stage: .first, title: "", inputs: [:],
            action: .container(image: .input("root"), script: [], arguments: [], environment: [:]), outputs: [:])
        #expect(throws: GraphError.self) { try StepGraph([step]) }
    }

    @Test(
        arguments: [
            ([], 5), (["all"], 5), (["base"], 3), (["1"], 3), (["2"], 2), (["image/iso"], 1),
            (["image", "base/root"], 3),
        ] as [([String], Int)])
    func targetsAreStagesNumbersAndSteps(targets: [String], count: Int) throws {
        #expect(try StepGraph(Self.chain).resolve(targets: targets).count == count)
    }

    @Test func anUnknownTargetIsAUsageErrorThatListsAllNames() throws {
        let graph = try StepGraph(Self.chain)
        let error = #expect(throws: GraphError.self) { try graph.resolve(targets: ["base", "bas"]) }
        #expect(error?.isUsageError == true && error?.what.contains("\"bas\"") == true)
        for name in ["base", "image"] + graph.order.map(\.text) { #expect(error?.hint?.contains(name) == true) }
    }

    @Test func aTargetBringsWhatItNeedsAndNoMore() throws {
        let graph = try StepGraph(Self.chain)
        #expect(graph.closure(of: ["image/squash"]) == ["base/debs", "base/root", "image/squash"])
        #expect(graph.closure(of: []) == [])
    }
}
