import Glibc
import Primitives
import SystemPackage
import Testing

extension Tag {
    /// Needs Debian's archive.
    @Tag static var network: Self
}

/// A folder of its own for a test, removed with it, in which the system's tools can be run.
final class RepositoryBench: Sendable {
    let path: FilePath

    init() throws {
        var template = Array("/tmp/apt-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        path = FilePath(platformString: template)
    }

    deinit { try? Files.remove(path) }

    /// Runs a shell script in the folder; it must succeed. Returns what it printed.
    @discardableResult
    func run(_ script: String, sourceLocation: Testing.SourceLocation = #_sourceLocation) throws -> String {
        let (succeeded, log) = try execute(script)
        try #require(succeeded, "\(log)", sourceLocation: sourceLocation)
        return log
    }

    /// Whether a shell script in the folder succeeds.
    func attempt(_ script: String) throws -> Bool { try execute(script).succeeded }

    private func execute(_ script: String) throws -> (succeeded: Bool, log: String) {
        let name = "run-\(UInt32.random(in: 0 ... .max))"
        try Files.write("set -eu\nexport LC_ALL=C\ncd '\(path)'\numask 022\n\(script)\n".utf8, to: path.appending(name))
        let status = system("sh \(path)/\(name) >\(path)/\(name).log 2>&1")
        return (status == 0, try Files.readText(path.appending(name + ".log")))
    }

    func read(_ name: String) throws -> [UInt8] { try Files.read(path.appending(name)) }

    func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
        let file = path.appending(name)
        try Files.createDirectory(file.removingLastComponent())
        try Files.write(bytes, to: file)
    }

    /// The folders of gpg-agent processes that outlived the folder they were started for, after at most three seconds.
    func strayAgents() throws -> String {
        try run(
            #"""
            strays() {
                for process in /proc/[0-9]*; do
                    home=$(tr '\0' ' ' < $process/cmdline | sed -n 's,^gpg-agent --homedir \([^ ]*/deploy-[^ /]*/h\) .*,\1,p')
                    [ -z "$home" ] || [ -e "$home" ] || echo "$home"
                done
            }
            for try in $(seq 30); do
                left=$(strays 2>/dev/null)
                [ -n "$left" ] || exit 0
                sleep 0.1
            done
            echo "$left"
            """#)
    }
}
