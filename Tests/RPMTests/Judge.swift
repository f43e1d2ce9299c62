import Testing

#if canImport(Glibc)
import Glibc
#endif

extension Tag {
    /// Compares with rpm or dnf themselves.
    @Tag static var judge: Self
}

/// The standard output of a shell command; an issue is recorded where it fails.
func shell(_ command: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
    let (output, status) = try outcome(of: command)
    #expect(status == 0, "\(command) failed", sourceLocation: sourceLocation)
    return output
}

/// The standard output of a shell command, and how it ended.
func outcome(of command: String) throws -> (output: String, status: CInt) {
    let pipe = try #require(popen(command, "r"))
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 { output += buffer[..<count] }
    return (String(decoding: output, as: UTF8.self), pclose(pipe))
}

/// Whether the system's Python has rpm's module.
func hasPythonRPM() -> Bool {
    (try? shell("/usr/bin/python3 -c 'import rpm; print(1)' 2>/dev/null || true")) == "1\n"
}
