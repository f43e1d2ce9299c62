import ContentStore
import Primitives
import SystemPackage
import Testing

@testable import BuildGraph

@Suite struct StepKeyTests {
    static let inputs = ["a": Digest(of: "1".utf8), "b/c": Digest(of: "2".utf8)]

    static func container(
        image: StepAction.Image = .input("a"), script: String = "make", arguments: [String] = ["x", "y"],
        environment: [String: String] = ["K": "v", "L": "w"],
        outputs: [String: ArtifactKind] = ["f": .file, "t": .tree],
        inputs: [String: Digest] = inputs, architecture: String = "amd64"
    ) -> StepKey {
        let step = Step(
            "base/root", stage: .first, title: "t", inputs: [:],
            action: .container(
                image: image, script: Array(script.utf8), arguments: arguments, environment: environment),
            outputs: outputs)
        return StepKey(of: step, inputs: inputs, architecture: architecture)
    }

    static func native(identifier: String = "fetch", version: Int = 3, outputs: [String: ArtifactKind] = ["f": .file])
        -> StepKey
    {
        let step = Step(
            "base/fetch", stage: .first, title: "t", inputs: [:],
            action: .native(identifier: identifier, version: version) { _ in StepResult(outputs: [:]) },
            outputs: outputs)
        return StepKey(of: step, inputs: inputs, architecture: "amd64")
    }

    /// A changed key format makes every result on record useless: then change "step key 1" in it too, and these.
    @Test func keysAreWhatTheyWere() {
        #expect(Self.container().description == "902a519d699ed481d1268b6c68ab884de4ce7240cf133e0b7561c151c4ef57ec")
        #expect(
            Self.container(image: .registry("example.org/x@sha256:1")).description
                == "dbdcf7d34388dee5df55b1bb47660a4274068bafa46c3cb314a5318e2ff6c48c")
        #expect(Self.native().description == "a31bad82bad14c5cbd3193dc35c45bbe3d4cc61f9713e50eec05015df4105e73")
    }

    @Test func everyPartMakesADifference() {
        let keys = [
            Self.container(), Self.container(image: .input("b/c")), Self.container(image: .registry("a")),
            Self.container(script: "make "), Self.container(arguments: ["x"]), Self.container(arguments: ["y", "x"]),
            Self.container(arguments: ["xy"]), Self.container(arguments: ["x", "y", ""]),
            Self.container(environment: ["K": "v"]),
            Self.container(environment: ["K": "w", "L": "v"]), Self.container(environment: ["Kv": "", "L": "w"]),
            Self.container(outputs: ["f": .file]), Self.container(outputs: ["f": .tree, "t": .tree]),
            Self.container(outputs: ["f": .file, "u": .tree]), Self.container(inputs: ["a": Digest(of: "1".utf8)]),
            Self.container(inputs: ["a": Digest(of: "1".utf8), "b/c": Digest(of: "3".utf8)]),
            Self.container(inputs: ["a": Digest(of: "2".utf8), "b/c": Digest(of: "1".utf8)]),
            Self.container(inputs: ["a": Digest(of: "1".utf8), "b": Digest(of: "2".utf8)]),
            Self.container(architecture: "arm64"),
            Self.native(), Self.native(identifier: "fetcH"), Self.native(version: 4),
            Self.native(outputs: ["g": .file]),
        ]
        #expect(Set(keys).count == keys.count)
    }

    @Test func orderPathsAndBudgetsMakeNone() throws {
        let plain = Step.container("a/b", inputs: ["x": .text("1"), "y": .text("2")])
        var other = Step.container("other/name", stage: .second, cores: 8, exclusive: "network")
        other.inputs["y"] = .file("/elsewhere/y", Blob(of: Array("2".utf8)), shownAs: "y")
        other.inputs["x"] = .text("1")
        let first = try #require(plain.evaluate(records: [:], architecture: "amd64"))
        let second = try #require(other.evaluate(records: [:], architecture: "amd64"))
        #expect(first.key == second.key)
    }
}
