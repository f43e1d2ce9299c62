import Primitives
package import SystemPackage

/// A path of a declaration.
enum HomeFolder {
    /// The path that `text` writes, taken from `base`; from `home` where it begins with `~/`. Nil where nobody knows that one, and
    /// for the home of somebody else (`~user`).
    static func path(_ text: String, relativeTo base: FilePath, home: FilePath?) -> FilePath? {
        guard text == "~" || text.hasPrefix("~/") else {
            return text.hasPrefix("~") ? nil : base.pushing(FilePath(text)).lexicallyNormalized()
        }
        let rest = FilePath(String(text.dropFirst().drop { $0 == "/" }))
        return home.map { $0.pushing(rest).lexicallyNormalized() }
    }
}

/// Where a copy of a repository is: the folder or address that has `dists/` in it.
package enum MirrorAddress: Hashable, Sendable, CustomStringConvertible {
    /// An http or https address without a slash at its end.
    case remote(String)
    /// A folder of this machine, absolute.
    case folder(FilePath)

    /// The address that `text` writes: http://…, https://…, file:///… (percent-encoded, RFC 8089), or a folder as it is called,
    /// taken from `base` where it is relative, and from `home` where it begins with `~/`. Nil for other schemes, and for what no
    /// address can have in it.
    package init?(_ text: String, relativeTo base: FilePath, home: FilePath? = nil) {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        guard let scheme = text.firstRange(of: "://") else {
            guard let path = HomeFolder.path(text, relativeTo: base, home: home) else { return nil }
            self = .folder(path)
            return
        }
        guard !text.contains(" ") else { return nil }
        var rest = text[scheme.upperBound...]
        while rest.count > 1, rest.hasSuffix("/") { rest.removeLast() }
        switch text[..<scheme.lowerBound].lowercased() {
        case "http" where !rest.hasPrefix("/") && !rest.isEmpty: self = .remote("http://\(rest)")
        case "https" where !rest.hasPrefix("/") && !rest.isEmpty: self = .remote("https://\(rest)")
        case "file":
            let path = rest.hasPrefix("localhost/") ? rest.dropFirst("localhost".count) : rest
            guard path.hasPrefix("/"), let decoded = PercentEncoding.decode(path) else { return nil }
            self = .folder(FilePath(decoded).lexicallyNormalized())
        default: return nil
        }
    }

    /// As libcurl takes it: `http://…` or `file:///…`.
    package var url: String {
        switch self {
        case .remote(let address): address
        case .folder(let folder): "file://" + PercentEncoding.path(folder.string)
        }
    }

    package var description: String { url }

    /// The host without user and port; nil for a folder.
    package var host: String? {
        guard case .remote(let address) = self, let scheme = address.firstRange(of: "://") else { return nil }
        let authority = address[scheme.upperBound...].prefix { $0 != "/" }
        let host = authority.split(separator: "@").last ?? authority
        return host.hasPrefix("[")
            ? host.dropFirst().prefix { $0 != "]" }.description : host.prefix { $0 != ":" }.description
    }

    /// What stands after the last slash.
    package var lastPathComponent: String { url.split(separator: "/").last.map(String.init) ?? "" }

    /// What to write instead of `text`, which is none.
    package static func problem(of text: String) -> String {
        if text.hasPrefix("~") { return "~/FOLDER, where HOME is set; or the folder's whole path" }
        return text.contains("://") && text.contains(" ")
            ? "an address has %20 for a space"
            : "http://, https://, file:///… (with %20 for a space), or a folder"
    }
}
