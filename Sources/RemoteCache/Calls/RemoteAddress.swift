package import Primitives

/// Where a server of the Remote Execution API is: `grpc(s)://HOST[:PORT][/INSTANCE]`, as Bazel and BuildStream write it.
package struct RemoteAddress: Hashable, Sendable, CustomStringConvertible {
    /// Whether TLS is spoken: `grpcs`.
    package let isEncrypted: Bool
    /// With the port, where one is said: "cache.example.org:8980", "[::1]:8980".
    package let host: String
    /// Which of the server's instances; "" where it has but one.
    package let instance: String

    /// The address that `text` is. Throws `Mistake`.
    package init(_ text: String, at location: SourceLocation? = nil) throws(Mistake) {
        func mistake(_ what: String) -> Mistake {
            Mistake(
                "\"\(text.withoutCredentials)\" is no address of a remote cache: \(what)", at: location,
                hint: "grpc://HOST:PORT, or grpcs:// for TLS, and /INSTANCE after it where the server has several")
        }
        let rest: Substring
        if text.hasPrefix("grpc://") {
            isEncrypted = false
            rest = text.dropFirst(7)
        } else if text.hasPrefix("grpcs://") {
            isEncrypted = true
            rest = text.dropFirst(8)
        } else {
            throw mistake("it begins with neither grpc:// nor grpcs://")
        }
        let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        let allowed = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ":"),
                UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard !name.contains("@") else {
            throw mistake("a login does not belong into it; a token has a place of its own")
        }
        guard !name.isEmpty, allowed else { throw mistake("it names no host") }
        if let colon = name.lastIndex(of: ":"), !name.hasSuffix("]") {
            guard let port = UInt16(name[name.index(after: colon)...]), port > 0 else {
                throw mistake("its port is none")
            }
        }
        host = name
        instance = parts.count > 1 ? String(parts[1]) : ""
        guard !instance.contains(where: { $0.isWhitespace || $0 == "?" || $0 == "#" }), !instance.hasSuffix("/") else {
            throw mistake("its instance can't be one")
        }
    }

    /// What libcurl goes to; methods come after it.
    var url: String { "\(isEncrypted ? "https" : "http")://\(host)" }

    /// As it was written.
    package var description: String {
        "\(isEncrypted ? "grpcs" : "grpc")://\(host)\(instance.isEmpty ? "" : "/\(instance)")"
    }
}

/// What shows a server who asks, and which server's word is taken.
package struct RemoteLogin: Sendable {
    /// A file of certificates that the server's must be signed by; nil for those of the system.
    package var authority: String?
    /// A file with our certificate, for a server that wants to see one, and the file with its key.
    package var certificate: String?
    package var key: String?
    /// A bearer token (RFC 6750). It is never shown.
    package var token: String?

    package init(authority: String? = nil, certificate: String? = nil, key: String? = nil, token: String? = nil) {
        self.authority = authority
        self.certificate = certificate
        self.key = key
        self.token = token
    }

    /// The same failure; a server that repeats the token in what it says is not quoted to that end.
    func hidden(in failure: CallFailure) -> CallFailure {
        guard let token, !token.isEmpty else { return failure }
        return CallFailure(failure.code, failure.words.replacing(token, with: "…"))
    }
}
