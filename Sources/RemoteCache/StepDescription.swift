import BuildGraph
import ContentStore
import Primitives

/// A step as the Remote Execution API describes one: an Action, whose digest is what its result is found by on a server.
///
/// The command is the step's own; what it reads lies below `in/` by name, a folder as the list of its files. The salt is the step's
/// key: no two steps have one description.
struct StepDescription {
    /// Where the outputs are, what the record is called, and what else is kept with them.
    enum Path {
        static let record = "deploy/record"
        static let log = "deploy/log"
        static func output(_ name: String) -> String { "out/\(name)" }
        /// The list of the files of an output that is a folder.
        static func list(_ name: String) -> String { "deploy/trees/\(name)" }
    }

    /// Of the Action message.
    let action: DigestMessage
    /// The messages that describe it, encoded: Action, Command, and each Directory; and what it reads that no other step makes and
    /// that is no file of the user's, its script among it.
    let messages: [Blob: [UInt8]]

    /// Throws `TreeError` where an input has a name that no file can have.
    init(of step: Step, _ evaluation: StepEvaluation, architecture: String) throws(TreeError) {
        var command = CommandMessage()
        var platform = PlatformMessage(properties: [("arch", architecture)])
        var inputs = FileTree()
        var literals: [Blob: [UInt8]] = [:]
        for case .literal(let bytes) in step.inputs.values { literals[Blob(of: bytes)] = bytes }
        for (name, input) in evaluation.inputs { try inputs.set(.file(input.artifact.blob), at: "in/\(name)") }
        switch step.action {
        case .container(let image, let script, let arguments, let environment):
            command.arguments = ["/bin/bash", "/in/script"] + arguments
            command.environment = environment.sorted { $0.key < $1.key }.map { NameValueMessage($0.key, $0.value) }
            let blob = Blob(of: script)
            try inputs.set(.file(blob), at: "in/script")
            literals[blob] = script
            switch image {
            case .input(let name): platform.properties.append(NameValueMessage("root", "in/\(name)"))
            case .registry(let reference):
                platform.properties.insert(NameValueMessage("container-image", reference), at: 1)
            }
        case .native(let identifier, let version, _): command.arguments = ["deploy", identifier, "\(version)"]
        }
        command.outputPaths =
            ([Path.record, Path.log] + step.outputs.map { Path.output($0.key) }
            + step.outputs.filter { $0.value == .tree }.map { Path.list($0.key) }).sorted()
        let root = DirectoryMessages(inputs)
        var action = ActionMessage()
        let commandBytes = command.encoded
        let commandBlob = Blob(of: commandBytes)
        action.command = DigestMessage(commandBlob)
        action.inputRoot = root.root
        action.salt = evaluation.key.digest.bytes
        action.platform = platform
        let bytes = action.encoded
        let blob = Blob(of: bytes)
        self.action = DigestMessage(blob)
        messages = root.encoded.merging(literals) { $1 }.merging([commandBlob: commandBytes, blob: bytes]) { $1 }
    }
}

extension PlatformMessage {
    init(properties: [(String, String)]) { self.properties = properties.map { NameValueMessage($0, $1) } }
}
