import BuildGraph
import SystemPackage
import Testing

@testable import deploy

@Suite struct GraphDrawingTests {
    private static func step(_ name: StepName, _ stage: Stage, _ needs: [StepName] = []) -> Step {
        Step(
            name, stage: stage, title: "makes \(name)",
            inputs: Dictionary(uniqueKeysWithValues: needs.map { ($0.text, StepInput.output($0, "file")) }),
            action: .container(image: .registry("example.org/x"), script: [], arguments: [], environment: [:]),
            outputs: ["file": .file])
    }

    private static func drawing() throws -> GraphDrawing {
        let first = Stage(number: 1, name: "builder", title: "builder <image> & \"more\"")
        let second = Stage(number: 2, name: "my-iso", title: "iso")
        return GraphDrawing(
            try StepGraph([
                step("builder/root", first), step("builder/a&b", first),
                step("my-iso/squash", second, ["builder/root", "builder/a&b"]),
                step("my-iso/image", second, ["my-iso/squash", "builder/root"]),
            ]))
    }

    @Test func textNamesEachStepAndWhatItNeeds() throws {
        #expect(
            try Self.drawing().text.split(separator: "\n").map(String.init) == [
                "1 builder/a&b              ", "1 builder/root             ",
                "2 my-iso/squash            ← builder/a&b, builder/root",
                "2 my-iso/image             ← builder/root, my-iso/squash",
            ])
    }

    @Test func dotHasANodeAStepAndAnArrowANeed() throws {
        let dot = try Self.drawing().dot
        #expect(dot.split(separator: "\n").count { $0.contains(" -> ") } == 4)
        #expect(dot.contains("\"builder/root\" -> \"my-iso/image\";"))
        // Graphviz is no part of what a build needs; where it is there, it judges.
        if try judge("command -v dot", "") == 0 {
            #expect(try judge("dot -Tsvg", dot) == 0)
            #expect(try judge("dot -Tsvg", String(dot.dropLast())) != 0, "the judge can say no")
        }
    }

    @Test func svgIsWellFormedAndRunsFromLeftToRight() throws {
        let svg = try Self.drawing().svg
        let program =
            "python3 -c \"import sys, xml.dom.minidom as m; d = m.parse(sys.stdin.buffer); sys.exit(len(d.getElementsByTagName('rect')))\""
        #expect(try judge(program, svg) == 4)
        for path in svg.split(separator: "\n") where path.hasPrefix("<path") {
            let numbers = path.split { !$0.isNumber }.compactMap { Int($0) }
            #expect(numbers[0] < numbers[6])
        }
    }
}
