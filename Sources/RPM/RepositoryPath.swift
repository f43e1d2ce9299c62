/// Whether a path of metadata stays in its repository: relative, without empty, `.` and `..` parts, without control characters.
enum RepositoryPath {
    static func isSafe(_ path: UnsafeRawBufferPointer) -> Bool {
        guard !path.isEmpty, path.count < 4096 else { return false }
        var start = 0
        for end in 0...path.count where end == path.count || path[end] == UInt8(ascii: "/") {
            let part = path.slice(start..<end)
            if part.isEmpty || part.isSame(as: ".") || part.isSame(as: "..") { return false }
            start = end + 1
        }
        return path.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }
    }
}
