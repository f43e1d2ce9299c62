import Glibc
import Primitives
import SystemPackage
import Testing

/// A folder of its own for a test, removed with it, in which the system's tools can be run.
final class Workbench {
    let path: FilePath

    init() throws {
        var template = Array("/tmp/archives-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        path = FilePath(platformString: template)
    }

    deinit { try? Files.remove(path) }

    /// Runs a shell script in the folder; it must succeed.
    func run(_ script: String, sourceLocation: Testing.SourceLocation = #_sourceLocation) throws {
        let file = path.appending("script-\(UInt32.random(in: 0 ... .max))")
        try Files.write("set -eu\ncd '\(path)'\numask 022\n\(script)\n".utf8, to: file)
        let status = system("sh \(file) >\(path)/run.log 2>&1")
        let log = try Files.readText(path.appending("run.log"))
        try #require(status == 0, "\(log)", sourceLocation: sourceLocation)
    }

    func read(_ name: String) throws -> [UInt8] { try Files.read(path.appending(name)) }

    func text(_ name: String) throws -> String { try Files.readText(path.appending(name)) }

    func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
        try Files.write(bytes, to: path.appending(name))
    }

    /// Builds the package `name` by dpkg-deb; `content` is a script that fills the current folder, as root would own it.
    func deb(_ name: String, compression: String = "xz", _ content: String) throws -> FilePath {
        try run(
            """
            mkdir -p '\(name)/DEBIAN'; cd '\(name)'
            printf 'Package: \(name)\\nVersion: 1\\nArchitecture: all\\nMaintainer: T <t@example.org>\\nDescription: d\\n' \
                > DEBIAN/control
            \(content)
            cd ..
            dpkg-deb --root-owner-group -Z\(compression) -b '\(name)' '\(name).deb'
            """)
        return path.appending("\(name).deb")
    }
}

/// Bytes that compress, but not to nothing; the same each time.
func sampleBytes(_ count: Int) -> [UInt8] {
    var state: UInt64 = 42
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        var index = 0
        while index < count {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            buffer[index] = UInt8(truncatingIfNeeded: state >> 60) &+ 97
            index += 1
        }
        filled = count
    }
}
