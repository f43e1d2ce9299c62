package import Primitives

/// Why one source did not give one file.
package enum SourceFailure: Error, Hashable, CustomStringConvertible {
    /// It was not asked: nothing may go over a network.
    case offline
    /// The name of the host, or of the proxy, is not known.
    case unresolved(String)
    /// No connection: refused, no route, or no answer in time. Libcurl's words.
    case unreachable(String)
    /// Connected, but fewer bytes than the configured rate for so long; `received` is nil where there was no answer.
    case stalled(after: Duration, received: ByteCount?)
    /// Not there after the time that the whole file may take.
    case overdue(after: Duration, received: ByteCount)
    /// An answer of HTTP other than the file.
    case status(Int)
    /// The connection ended before the file did; the size is nil where nobody knows it.
    case short(received: ByteCount, of: ByteCount?)
    /// The connection broke in another way. Libcurl's words.
    case broken(String)
    /// The server does not continue at the end of the `.part` file.
    case rangeRefused
    case wrongSize(found: ByteCount, expected: ByteCount)
    case tooLong(limit: ByteCount)
    case wrongDigest(found: Digest, expected: Digest)
    /// The digest of a file that was resumed is wrong: the old bytes may be at fault.
    case resumedWrong
    case tooManyRedirects
    /// A file on this machine that is not there or not readable. Libcurl's words.
    case unreadable(String)
    /// The server's certificate is not signed by anybody who is trusted here, or is another server's. Libcurl's words.
    case untrusted(String)
    /// Anything that trying again does not mend: certificates, malformed URLs. Libcurl's words.
    case refused(String)

    /// What to do about it.
    enum Remedy { case tryAgain, startOver, leaveSource }

    var remedy: Remedy {
        switch self {
        case .unresolved, .unreachable, .stalled, .short, .broken: .tryAgain
        case .status(let code): code >= 500 || code == 429 || code == 408 ? .tryAgain : .leaveSource
        case .rangeRefused, .resumedWrong: .startOver
        case .wrongSize, .tooLong, .wrongDigest, .tooManyRedirects, .unreadable, .untrusted, .refused, .overdue,
            .offline:
            .leaveSource
        }
    }

    /// Whether no connection came about at all.
    package var isUnreachable: Bool {
        switch self {
        case .unresolved, .unreachable: true
        default: false
        }
    }

    /// Whether the server says that it does not have the file.
    package var isMissing: Bool {
        switch self {
        case .status(let code): code == 404 || code == 410
        case .unreadable: true
        default: false
        }
    }

    package var description: String {
        switch self {
        case .unresolved(let words), .unreachable(let words), .broken(let words), .unreadable(let words),
            .untrusted(let words), .refused(let words):
            words
        case .stalled(let duration, let received):
            received.map { "stalled for \(seconds(duration)) after \($0)" }
                ?? "connected, but no answer for \(seconds(duration))"
        case .offline: "not asked, since nothing may go over a network"
        case .overdue(let duration, let received): "not there after \(seconds(duration)), with \(received) of it"
        case .status(let code): "HTTP status \(code)\(Self.names[code].map { " (\($0))" } ?? "")"
        case .short(let received, let size):
            "the connection ended after \(received.bytes) bytes"
                + (size.map { " of \($0.bytes)" } ?? "")
        case .rangeRefused: "the server does not continue a file"
        case .wrongSize(let found, let expected): "wrong size: \(found.bytes) bytes, expected \(expected.bytes)"
        case .tooLong(let limit): "longer than the limit of \(limit.bytes) bytes"
        case .wrongDigest(let found, let expected): "wrong digest: \(found), expected \(expected)"
        case .resumedWrong: "the digest is wrong after resuming"
        case .tooManyRedirects: "too many redirects"
        }
    }

    private func seconds(_ duration: Duration) -> String {
        let tenths = Int((duration / .milliseconds(100)).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    }

    private static let names = [
        401: "unauthorized", 403: "forbidden", 404: "not found", 407: "proxy authentication required", 410: "gone",
        429: "too many requests", 500: "internal server error", 502: "bad gateway", 503: "service unavailable",
        504: "gateway timeout",
    ]
}
