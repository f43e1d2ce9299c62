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

/// Whether the system's Python has rpm's module.
func hasPythonRPM() -> Bool {
    (try? shell("/usr/bin/python3 -c 'import rpm; print(1)' 2>/dev/null || true")) == "1\n"
}

/// The same numbers in every run.
struct Randomness: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
