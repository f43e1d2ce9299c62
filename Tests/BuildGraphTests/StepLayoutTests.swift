import Testing

@testable import BuildGraph

@Suite struct StepLayoutTests {
    @Test func eachStepStandsBehindAllThatItNeeds() {
        let layout = StepLayout([("a", []), ("b", []), ("c", ["a"]), ("d", ["c", "b"]), ("e", ["missing"])])
        #expect(layout.layers.map(Set.init) == [["a", "b", "e"], ["c"], ["d"]])
    }

    @Test func linesThatOthersImplyAreLeftOut() {
        let layout = StepLayout([("a", []), ("b", ["a"]), ("c", ["a", "b"]), ("d", ["a", "c"])])
        #expect(layout.links == ["a": [], "b": ["a"], "c": ["b"], "d": ["c"]])
    }

    @Test func stepsStandNearWhatTheyNeed() {
        // In the order of the names, both lines would cross.
        let layout = StepLayout([("a", []), ("b", []), ("x", ["b"]), ("y", ["a"])])
        #expect(layout.layers == [["a", "b"], ["y", "x"]])
    }

    @Test func nothingIsDrawnOfNothing() { #expect(StepLayout([]).layers.isEmpty) }
}
