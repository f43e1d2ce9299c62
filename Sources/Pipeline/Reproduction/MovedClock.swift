import ContentStore
import Primitives
import SystemPackage

/// A clock that is ahead of the machine's, for programs and for what runs in podman's containers: faketime(1).
///
/// It answers for those that ask libc, as compilers, archivers, interpreters and deploy do; not for what is linked statically or asks
/// the kernel itself. podman is of that kind, and the kernel writes the times of files.
struct MovedClock: Sendable {
    let seconds: Int64
    /// libfaketime, as this machine has it.
    private let library: FilePath
    private static let inContainers = "/in/libfaketime.so"

    /// Throws `Mistake` where faketime is not there.
    init(days: Int) async throws {
        seconds = Int64(days) * 86_400
        // Which file that is, only the loader of programs knows: faketime names it by $LIB.
        let program = ChildProgram("faketime", environment: nil)
        let outcome = try? await program.run(["-f", "+1d", "cat", "/proc/self/maps"])
        guard let line = outcome?.lines.first(where: { $0.contains("/libfaketime") }),
            let start = line.firstIndex(of: "/")
        else {
            throw Mistake(
                "--days needs faketime, and it does not work here", at: nil, details: outcome?.messages ?? [],
                hint: "apt-get install faketime")
        }
        library = FilePath(String(line[start...]))
    }

    /// Puts into `folder` what podman is to know.
    func prepare(in folder: FilePath) throws {
        try Files.createDirectory(folder)
        let copied = folder.appending("libfaketime.so")
        try FileCopy.copy(library, to: copied, permissions: 0o755)
        let variables = Self.settings.merging(["LD_PRELOAD": Self.inContainers, "FAKETIME": "+\(seconds)"]) { $1 }
        let list = variables.sorted { $0.key < $1.key }.map { "\"\($0.key)=\($0.value)\"" }.joined(separator: ", ")
        // containers.conf(5)
        let text = """
            [containers]
            env = [\(list)]
            volumes = ["\(copied):\(Self.inContainers):ro"]

            """
        try Files.write(text.utf8, to: folder.appending("containers.conf"))
    }

    /// The words before a command that is to have this clock.
    var words: [String] { ["faketime", "-f", "+\(seconds)"] }

    /// What it needs beside them, after `prepare`.
    func variables(in folder: FilePath) -> [String: String] {
        Self.settings.merging(["CONTAINERS_CONF": folder.appending("containers.conf").string]) { $1 }
    }

    private static let settings = [
        // Timers run as they do: a wait of seconds stays one.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        // The times of files are told as they are, or those that came with packages would be ahead, too.
        "NO_FAKE_STAT": "1",
    ]
}
