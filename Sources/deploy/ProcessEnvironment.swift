import Primitives
import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// The environment of this process.
enum ProcessEnvironment {
    /// The program that this process runs (proc(5)). Throws `FileError`.
    static var executable: FilePath { get throws { FilePath(try Files.readLink("/proc/self/exe")) } }

    static var all: [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let pointer = entry.pointee {
            let text = String(cString: pointer)
            if let equals = text.firstIndex(of: "=") {
                result[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            entry = entry.advanced(by: 1)
        }
        return result
    }
}
