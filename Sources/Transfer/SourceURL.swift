import Primitives

/// One place that has a file, as a URL for libcurl.
struct SourceURL: Sendable, Equatable {
    let url: String
    /// Host and port as written in the URL, the unit that is reachable or not; nil for a file on this machine.
    let host: String?

    /// Takes a URL as it stands, and an absolute path as the `file` URL (RFC 8089) of that path.
    init(_ source: String) {
        url = source.utf8.first == UInt8(ascii: "/") ? "file://" + PercentEncoding.path(source) : source
        host = Self.host(of: url)
    }

    var isFile: Bool { url.utf8.prefix(5).elementsEqual("file:".utf8) }

    private static func host(of url: String) -> String? {
        let bytes = Array(url.utf8)
        guard !url.utf8.prefix(5).elementsEqual("file:".utf8), let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            bytes[colon...].starts(with: "://".utf8)
        else { return nil }
        let rest = bytes[(colon + 3)...].prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        return String(decoding: rest.split(separator: UInt8(ascii: "@")).last ?? [], as: UTF8.self)
    }
}
