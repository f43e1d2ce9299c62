import CCurl
import Curl
import Primitives
import Synchronization

/// A server that speaks gRPC, and the connections to it.
///
/// A call has a connection of HTTP/2 for itself while it runs; those of earlier calls are kept for later ones.
final class RemoteServer: Sendable {
    /// Where it is.
    let address: RemoteAddress
    /// How it knows us, and we it.
    let login: RemoteLogin
    private let idle = Mutex<[Line]>([])

    /// A connection, used by one thread at a time: whoever took it out of `idle`.
    private final class Line: @unchecked Sendable {
        let multi: MultiHandle

        init() throws(CallFailure) {
            guard let multi = MultiHandle(connections: 1) else { throw .noMemory }
            self.multi = multi
        }
    }

    /// How long a call may take, and how long nothing may come of it.
    struct Patience: Sendable {
        /// A call that moves less than 1000 bytes a second for this long has failed; nil for one that waits.
        var stall: Duration?
        /// All of it.
        var limit: Duration

        /// For a question and its answer.
        static let question = Patience(stall: .seconds(20), limit: .seconds(60))
        /// For bytes, however many.
        static let stream = Patience(stall: .seconds(20), limit: .seconds(4 * 3600))
    }

    init(_ address: RemoteAddress, login: RemoteLogin) {
        self.address = address
        self.login = login
    }

    /// Calls `method`, "/package.Service/Method", with the messages that `source` gives until it gives none, `length` bytes with
    /// what stands before each, and hands each message of the answer to `sink`; both are called on a thread of the call's own.
    ///
    /// Throws `CallFailure`, what the two throw, and `CancellationError` once the call is broken off, where it `isCancellable`.
    func call(
        _ method: String, patience: Patience, length: Int64, isCancellable: Bool = true,
        source: @escaping @Sendable () throws -> [UInt8]?,
        sink: @escaping @Sendable (ArraySlice<UInt8>) throws -> Void
    ) async throws {
        if isCancellable { try Task.checkCancellation() }
        let line = try idle.withLock { $0.popLast() } ?? Line()
        let isStopped = Atomic(false)
        try await withTaskCancellationHandler {
            try await BlockingWork.run { [self] in
                guard let handle = EasyHandle() else { throw CallFailure.noMemory }
                let request = Call.Request(length: length, next: source)
                let call = Call(handle, method: method, to: self, limit: patience.limit, request: request, sink: sink)
                try Self.drive(call, line.multi, patience) { isStopped.load(ordering: .relaxed) }
            }
        } onCancel: {
            guard isCancellable else { return }
            isStopped.store(true, ordering: .relaxed)
            line.multi.wakeUp()
        }
        // One that failed is not used again: who knows what else comes on its connection.
        idle.withLock { $0.append(line) }
    }

    /// The same with `request` as the only message.
    func call(
        _ method: String, _ request: some ProtobufMessage, patience: Patience, isCancellable: Bool = true,
        sink: @escaping @Sendable (ArraySlice<UInt8>) throws -> Void
    ) async throws {
        let bytes = request.encoded
        let question = Mutex<[UInt8]?>(bytes)
        try await call(
            method, patience: patience, length: CallBuffer.length(of: bytes.count), isCancellable: isCancellable,
            source: { question.withLock { $0.take() } }, sink: sink)
    }

    /// A call with one message each way.
    func ask<Answer: ProtobufMessage>(
        _ method: String, _ request: some ProtobufMessage, patience: Patience = .question
    ) async throws -> Answer {
        let answer = Mutex<Answer?>(nil)
        try await call(method, request, patience: patience) { message in
            let found = try Answer(message)
            answer.withLock { $0 = found }
        }
        guard let answer = answer.withLock({ $0 }) else {
            throw CallFailure(.internalError, "the answer to \(method) is empty")
        }
        return answer
    }

    private static func drive(_ call: Call, _ multi: MultiHandle, _ patience: Patience, isStopped: () -> Bool) throws {
        let start = ContinuousClock.now
        // How much had moved by when, as far back as is looked at.
        var marks = [(time: start, moved: 0)]
        multi.add(call.handle)
        defer { multi.remove(call.handle) }
        while true {
            if isStopped() { throw CancellationError() }
            multi.perform()
            if let (_, code) = multi.nextDone() { return try call.finish(code) }
            let now = ContinuousClock.now
            if now - start > patience.limit {
                throw CallFailure(.deadlineExceeded, "no end came within \(Int(patience.limit / .seconds(1))) s")
            }
            if let stall = patience.stall, let oldest = marks.first, let newest = marks.last {
                if now - oldest.time > stall {
                    guard call.moved - oldest.moved >= 1000 * Int(stall / .seconds(1)) else {
                        throw CallFailure(
                            .deadlineExceeded, "next to nothing came within \(Int(stall / .seconds(1))) s")
                    }
                    marks.removeFirst()
                }
                if now - newest.time > stall / 8 { marks.append((now, call.moved)) }
            }
            multi.poll(milliseconds: 250)
        }
    }
}

extension ProtobufMessage {
    /// The message in an answer. Throws `CallFailure` where it is none.
    init(_ answer: ArraySlice<UInt8>) throws(CallFailure) {
        do {
            try self.init(encoded: answer)
        } catch {
            throw CallFailure(.internalError, "the answer is no message of this kind")
        }
    }
}
