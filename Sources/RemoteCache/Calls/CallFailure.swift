/// Why a call to a server came to nothing.
package struct CallFailure: Error, Hashable, CustomStringConvertible {
    /// The codes of gRPC that are told apart here (grpc/grpc, doc/statuscodes.md).
    package enum Code: Int64, Sendable {
        case cancelled = 1
        case unknown = 2
        case invalidArgument = 3
        case deadlineExceeded = 4
        case notFound = 5
        case alreadyExists = 6
        case permissionDenied = 7
        case resourceExhausted = 8
        case failedPrecondition = 9
        case aborted = 10
        case outOfRange = 11
        case unimplemented = 12
        case internalError = 13
        case unavailable = 14
        case dataLoss = 15
        case unauthenticated = 16
    }

    /// What it is called in the documentation of gRPC, for a transport that broke too.
    package let code: Code
    /// What the server said, or what libcurl did.
    package let words: String

    init(_ code: Code, _ words: String) {
        self.code = code
        self.words = words
    }

    static let noMemory = CallFailure(.resourceExhausted, "no memory is left for a connection")

    /// Whether asking again may help.
    var isPassing: Bool {
        switch code {
        case .unavailable, .aborted, .deadlineExceeded, .internalError, .unknown, .resourceExhausted: true
        default: false
        }
    }

    package var description: String { words.isEmpty ? "\(code)" : "\(words) (\(code))" }
}
