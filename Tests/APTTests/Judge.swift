import Testing

#if canImport(Glibc)
import Glibc
#endif

extension Tag {
    /// Compares with the real tool of Debian.
    @Tag static var judge: Self
}

/// Whether tests may use Debian's archive: where DEPLOY_NETWORK_TESTS is set.
let networkTestsAreOn = getenv("DEPLOY_NETWORK_TESTS") != nil

/// The standard output of a shell command; an issue is recorded where it fails.
func shell(_ command: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
    let pipe = try #require(popen(command, "r"))
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = fread(&buffer, 1, buffer.count, pipe)
        if count == 0 { break }
        output += buffer[..<count]
    }
    let status = pclose(pipe)
    #expect(status == 0, "\(command) failed", sourceLocation: sourceLocation)
    return String(decoding: output, as: UTF8.self)
}

/// Whether a program is installed.
func has(_ program: String) -> Bool {
    (try? shell("command -v \(program) || true").isEmpty) == false
}

/// A folder that is removed with this object.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/apt-tests-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit { _ = try? shell("rm -rf \(path)") }

    /// Writes a file below the folder, with the folders it needs; returns its path.
    @discardableResult
    func write(_ name: String, _ bytes: some Collection<UInt8>) throws -> String {
        let file = "\(path)/\(name)"
        if let slash = name.lastIndex(of: "/") { _ = try shell("mkdir -p \(path)/\(name[..<slash])") }
        let stream = try #require(fopen(file, "w"))
        let array = Array(bytes)
        #expect(fwrite(array, 1, array.count, stream) == array.count)
        fclose(stream)
        return file
    }
}
