import Primitives

/// The paths that metadata give, and what of them can be taken.
package enum RepositoryPath {
    /// Whether a path of metadata stays in its repository: relative, without empty, `.` and `..` parts, without control characters.
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

    /// Whether a package may lie there: in its repository, or beside it (`../pool/x.rpm`), as where several share a folder of
    /// packages. Only where to ask for it follows from that: what comes is known by its digest, and a mirror has it at a path of its own.
    static func isLocation(_ path: UnsafeRawBufferPointer) -> Bool {
        var rest = path
        while rest.hasPrefix("../") { rest = rest.slice(3..<rest.count) }
        return path.count < 4096 && isSafe(rest)
    }

    /// The same of the text of a lock, which may have an address, too.
    package static func isLocation(_ text: String) -> Bool {
        var text = text
        if isAddress(text) {
            let rest = text.drop { $0 != ":" }.dropFirst(3)
            guard let slash = rest.firstIndex(of: "/"), slash != rest.startIndex else { return false }
            text = String(rest[rest.index(after: slash)...])
        }
        return text.withUTF8 { isLocation(UnsafeRawBufferPointer($0)) }
    }

    /// Whether it is no path, but the address of a file that is somewhere else.
    package static func isAddress(_ text: String) -> Bool { text.hasPrefix("http://") || text.hasPrefix("https://") }

    /// Where a package is that lies at `href` below `base` (xml:base), which is nothing in most metadata: a path below the
    /// repository, or an address. Nil for a base that is no address of http or https.
    package static func joined(_ href: String, base: String?) -> String? {
        guard var base, !base.isEmpty else { return href }
        guard isAddress(base) else { return nil }
        while base.hasSuffix("/") { base.removeLast() }
        let address = "\(base)/\(PercentEncoding.path(href))"
        return isLocation(address) ? address : nil
    }
}
