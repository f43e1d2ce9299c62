/// The messages of an answer as they come in pieces: each is a byte for "compressed", its length in four bytes, and itself
/// (grpc/grpc, doc/PROTOCOL-HTTP2.md, "Length-Prefixed-Message").
struct CallBuffer {
    /// What is more than any server sends: chunks of blobs are 4 MiB at the most.
    static let most = 64 << 20

    private var bytes: [UInt8] = []
    private var start = 0

    /// Adds a piece and hands on each message that is whole by then. Throws `CallFailure` for what is none, and what `body` throws.
    mutating func append(_ piece: UnsafeRawBufferPointer, _ body: (ArraySlice<UInt8>) throws -> Void) throws {
        bytes += piece
        while bytes.count - start >= 5 {
            let head = bytes[start..<start + 5]
            let length = head.dropFirst().reduce(0) { $0 << 8 | Int($1) }
            guard bytes[start] == 0, length <= Self.most else {
                throw CallFailure(.internalError, "the server sent a message that was not asked for so")
            }
            guard bytes.count - start - 5 >= length else { break }
            let message = start + 5
            start = message + length
            try body(bytes[message..<start])
        }
        if start == bytes.count {
            bytes.removeAll(keepingCapacity: true)
            start = 0
        } else if start > 1 << 20 {
            bytes.removeFirst(start)
            start = 0
        }
    }

    /// Whether nothing is left of a message that never became whole.
    var isEmpty: Bool { start == bytes.count }

    /// How long a request of one message is.
    static func length(of message: Int) -> Int64 { 5 + Int64(message) }

    /// What comes before a message of `length` bytes.
    static func head(_ length: Int) -> [UInt8] {
        [0] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) }
    }
}
