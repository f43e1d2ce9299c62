package import SystemPackage

/// Where a copy of a repository is: the folder or address that has `dists/` in it.
package enum MirrorAddress: Hashable, Sendable, CustomStringConvertible {
    /// An http or https address without a slash at its end.
    case remote(String)
    /// A folder of this machine, absolute.
    case folder(FilePath)

    /// The address that `text` writes: http://…, https://…, file:///…, or a folder, taken from `base` where it is
    /// relative. Nil for other schemes, and for what no address can have in it.
    package init?(_ text: String, relativeTo base: FilePath) {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return nil }
        guard let scheme = text.firstRange(of: "://") else {
            self = .folder(base.pushing(FilePath(text)).lexicallyNormalized())
            return
        }
        var rest = text[scheme.upperBound...]
        while rest.count > 1, rest.hasSuffix("/") { rest.removeLast() }
        switch text[..<scheme.lowerBound].lowercased() {
        case "http" where !rest.hasPrefix("/") && !rest.isEmpty: self = .remote("http://\(rest)")
        case "https" where !rest.hasPrefix("/") && !rest.isEmpty: self = .remote("https://\(rest)")
        case "file" where rest.hasPrefix("/"): self = .folder(FilePath(String(rest)).lexicallyNormalized())
        default: return nil
        }
    }

    /// As libcurl takes it: `http://…` or `file:///…`.
    package var url: String {
        switch self {
        case .remote(let address): address
        case .folder(let folder): "file://" + Self.encoded(folder.string)
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
    var lastPathComponent: String { url.split(separator: "/").last.map(String.init) ?? "" }

    /// A path with all bytes percent-encoded that RFC 3986 does not allow in one.
    private static func encoded(_ path: String) -> String {
        var result = ""
        for byte in path.utf8 {
            let scalar = Unicode.Scalar(byte)
            let isLetter = ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
            if isLetter || ("0"..."9").contains(scalar) || "/-._~+:@".unicodeScalars.contains(scalar) {
                result.unicodeScalars.append(scalar)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return result
    }
}
