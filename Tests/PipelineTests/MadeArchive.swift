import Glibc
import Primitives
import SystemPackage
import Testing

/// What all tests of this process share: the archive that `make-archive` made, and a server of copies of it.
private struct Workshop: Sendable {
    static let shared = Result { try Workshop() }

    let folder: FilePath
    let port: String

    private init() throws {
        var template = Array("/tmp/made-archive-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        folder = template.withUnsafeBufferPointer { FilePath($0.baseAddress.map { String(cString: $0) } ?? "") }
        try Tool.run([Self.script("make-archive"), folder.appending("made").string])
        (_, port) = try Self.serve(folder)
    }

    private static func script(_ name: String) -> String {
        FilePath(#filePath).removingLastComponent().removingLastComponent().pushing("end-to-end").appending(name).string
    }

    /// Starts the server, which ends with this process because its standard input does; it removes the folder then.
    private static func serve(_ folder: FilePath) throws -> (FileDescriptor, String) {
        let (childInput, input) = try FileDescriptor.pipe()
        let (output, childOutput) = try FileDescriptor.pipe()
        for end in [childInput, input, output, childOutput] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
        try Tool.start(
            ["bash", "-c", "python3 -I \"$1\" \"$2\"; rm -rf \"$2\"", "-", script("archive-server.py"), folder.string],
            input: childInput, output: childOutput)
        try childInput.close()
        try childOutput.close()
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while try withUnsafeMutableBytes(of: &byte, { try output.read(into: $0) }) == 1, byte != UInt8(ascii: "\n") {
            line.append(byte)
        }
        return (input, String(decoding: line, as: UTF8.self))
    }
}

/// A signed archive of some twenty small packages on a server of its own, and what a test may do to it.
final class MadeArchive: Sendable {
    /// What it is called on the server.
    private let name: String
    private let workshop: Workshop

    init() throws {
        workshop = try Workshop.shared.get()
        name = "archive-\(UInt64.random(in: 0...UInt64.max))"
        try copy("first")
    }

    deinit { try? Files.remove(folder) }

    /// The folder with `dists` and `pool`.
    var folder: FilePath { workshop.folder.appending(name) }
    var url: String { "http://127.0.0.1:\(workshop.port)/\(name)" }
    var keyring: FilePath { made.appending("keyring.gpg") }
    var otherKeyring: FilePath { made.appending("other.gpg") }
    /// The declaration to copy.
    var checkout: FilePath { made.appending("checkout") }
    /// The home of one signing key for all tests: making one takes half a second.
    var signingKey: FilePath { workshop.folder.appending("signing-key") }
    private var made: FilePath { workshop.folder.appending("made") }
    private var inRelease: FilePath { folder.pushing("dists/trixie/InRelease") }

    private func copy(_ state: String) throws {
        try Files.remove(folder)
        try Tool.run(["cp", "-al", made.appending(state).string, folder.string])
    }

    /// A month passes: newer versions of some packages; the older files and indexes are still there.
    func moveOn() throws { try copy("second") }

    /// Superseded files go, as they do after a while.
    func sweep(_ glob: String) throws { try Tool.run(["bash", "-c", "rm \(folder)/\(glob)"]) }

    /// Puts an InRelease there that must not be taken.
    func release(_ variant: String) throws {
        try Files.remove(inRelease)
        try Tool.run(["cp", made.appending("variants").appending(variant).string, inRelease.string])
    }

    /// Makes the server misbehave for paths that match, see `archive-server.py`; no rules make it well.
    func misbehave(_ rules: (behaviour: String, glob: String)...) throws {
        let text = rules.map { "\($0.behaviour) \($0.glob)\n" }.joined()
        try Files.write(text.utf8, to: workshop.folder.appending("\(name).rules"))
    }

    /// The paths that were asked for since the last call.
    func requests() throws -> [String] {
        let file = workshop.folder.appending("\(name).requests")
        guard Files.exists(file) else { return [] }
        let text = try Files.readText(file)
        try Files.remove(file)
        return text.split(separator: "\n").map(String.init)
    }

    func isWell() throws {
        try misbehave()
        try copy("first")
    }
}

/// A program that a test needs.
enum Tool {
    struct Failed: Error {
        let words: [String]
        let output: String
    }

    /// Runs `words` to their end and returns what they wrote on both channels. Throws where they fail.
    @discardableResult
    static func run(_ words: [String]) throws -> String {
        let file = FilePath("/tmp/made-output-\(UInt64.random(in: 0...UInt64.max))")
        let output = try FileDescriptor.open(
            file, .readWrite, options: [.create, .closeOnExec], permissions: .ownerReadWrite)
        let input = try FileDescriptor.open("/dev/null", .readOnly, options: .closeOnExec)
        let process = try start(words, input: input, output: output)
        var status: CInt = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { throw Errno(rawValue: errno) }
        }
        try input.close()
        try output.close()
        let text = try Files.readText(file)
        try Files.remove(file)
        guard status == 0 else { throw Failed(words: words, output: text) }
        return text
    }

    @discardableResult
    static func start(_ words: [String], input: FileDescriptor, output: FileDescriptor) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input.rawValue, 0)
        posix_spawn_file_actions_adddup2(&actions, output.rawValue, 1)
        posix_spawn_file_actions_adddup2(&actions, output.rawValue, 2)
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { word in word.withCString { strdup($0) } } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process = pid_t()
        let code = posix_spawnp(&process, words[0], &actions, nil, &arguments, environ)
        guard code == 0 else { throw Errno(rawValue: code) }
        return process
    }
}
