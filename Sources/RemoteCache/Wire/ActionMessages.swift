import ContentStore

// Messages of build/bazel/remote/execution/v2/remote_execution.proto that describe what is run, and what came of it.

/// `Command.EnvironmentVariable` and `Platform.Property`, which look alike.
struct NameValueMessage: ProtobufMessage {
    var name = ""
    var value = ""

    init() {}

    init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }

    func write(to writer: inout ProtobufWriter) {
        writer.add(1, name)
        writer.add(2, value)
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: name = try field.string()
        case 2: value = try field.string()
        default: break
        }
    }
}

/// `Platform`: what a worker must have. Sorted by name.
struct PlatformMessage: ProtobufMessage {
    var properties: [NameValueMessage] = []

    init() {}

    func write(to writer: inout ProtobufWriter) { writer.add(1, properties) }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        if field.number == 1 { properties.append(try field.message()) }
    }
}

/// `Command`: what is run in the input root.
struct CommandMessage: ProtobufMessage {
    var arguments: [String] = []
    /// Sorted by name.
    var environment: [NameValueMessage] = []
    /// For servers that read it here and not in the Action.
    var platform: PlatformMessage?
    /// Relative to the input root.
    var workingDirectory = ""
    /// Relative to the working directory, sorted.
    var outputPaths: [String] = []

    func write(to writer: inout ProtobufWriter) {
        for argument in arguments { writer.addAlways(1, argument.utf8) }
        writer.add(2, environment)
        if let platform { writer.add(5, platform) }
        writer.add(6, workingDirectory)
        for path in outputPaths { writer.addAlways(7, path.utf8) }
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: arguments.append(try field.string())
        case 2: environment.append(try field.message())
        case 5: platform = try field.message()
        case 6: workingDirectory = try field.string()
        case 7: outputPaths.append(try field.string())
        default: break
        }
    }
}

/// `google.protobuf.Duration`, in whole seconds
struct SecondsMessage: ProtobufMessage {
    var seconds: Int64 = 0

    func write(to writer: inout ProtobufWriter) { writer.add(1, seconds) }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        if field.number == 1 { seconds = try field.integer() }
    }
}

/// `Action`: a command and what it reads. The digest of this message is what a result is found by.
struct ActionMessage: ProtobufMessage {
    var command = DigestMessage()
    var inputRoot = DigestMessage()
    /// How long it may run; nil leaves that to the server.
    var timeout: SecondsMessage?
    /// Any bytes that tell it apart from others.
    var salt: [UInt8] = []
    var platform: PlatformMessage?

    func write(to writer: inout ProtobufWriter) {
        writer.add(1, command)
        writer.add(2, inputRoot)
        if let timeout { writer.add(6, timeout) }
        writer.add(9, salt)
        if let platform { writer.add(10, platform) }
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: command = try field.message()
        case 2: inputRoot = try field.message()
        case 6: timeout = try field.message()
        case 9: salt = Array(try field.bytes())
        case 10: platform = try field.message()
        default: break
        }
    }
}

/// `OutputFile`
struct OutputFileMessage: ProtobufMessage {
    var path = ""
    var digest = DigestMessage()
    var isExecutable = false
    /// The file itself, where it was asked for and is small.
    var contents: [UInt8] = []

    init() {}

    init(_ path: String, _ blob: Blob) { (self.path, digest) = (path, DigestMessage(blob)) }

    func write(to writer: inout ProtobufWriter) {
        writer.add(1, path)
        writer.add(2, digest)
        writer.add(4, isExecutable)
        writer.add(5, contents)
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: path = try field.string()
        case 2: digest = try field.message()
        case 4: isExecutable = try field.bool()
        case 5: contents = Array(try field.bytes())
        default: break
        }
    }
}

/// `OutputDirectory`
struct OutputDirectoryMessage: ProtobufMessage {
    var path = ""
    /// Of the Tree message.
    var tree = DigestMessage()
    /// Of the root's Directory message; servers of before version 2.3 leave it out.
    var root: DigestMessage?

    init() {}

    init(_ path: String, tree: DigestMessage, root: DigestMessage?) {
        (self.path, self.tree, self.root) = (path, tree, root)
    }

    func write(to writer: inout ProtobufWriter) {
        writer.add(1, path)
        writer.add(3, tree)
        if let root { writer.add(5, root) }
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: path = try field.string()
        case 3: tree = try field.message()
        case 5: root = try field.message()
        default: break
        }
    }
}

/// `ExecutedActionMetadata`: who ran it.
struct ExecutionMetadataMessage: ProtobufMessage {
    var worker = ""

    func write(to writer: inout ProtobufWriter) { writer.add(1, worker) }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        if field.number == 1 { worker = try field.string() }
    }
}

/// `ActionResult`: what came of an action.
struct ActionResultMessage: ProtobufMessage {
    var files: [OutputFileMessage] = []
    var directories: [OutputDirectoryMessage] = []
    /// Of any kind, `output_symlinks` and the two older fields.
    var symlinks: [SymlinkNodeMessage] = []
    var exitCode: Int64 = 0
    var stdoutRaw: [UInt8] = []
    var stdout: DigestMessage?
    var stderrRaw: [UInt8] = []
    var stderr: DigestMessage?
    var metadata: ExecutionMetadataMessage?

    func write(to writer: inout ProtobufWriter) {
        writer.add(2, files)
        writer.add(3, directories)
        writer.add(4, exitCode)
        writer.add(5, stdoutRaw)
        if let stdout { writer.add(6, stdout) }
        writer.add(7, stderrRaw)
        if let stderr { writer.add(8, stderr) }
        if let metadata { writer.add(9, metadata) }
        writer.add(12, symlinks)
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 2: files.append(try field.message())
        case 3: directories.append(try field.message())
        case 4: exitCode = try field.integer()
        case 5: stdoutRaw = Array(try field.bytes())
        case 6: stdout = try field.message()
        case 7: stderrRaw = Array(try field.bytes())
        case 8: stderr = try field.message()
        case 9: metadata = try field.message()
        case 10, 11, 12: symlinks.append(try field.message())
        default: break
        }
    }
}
