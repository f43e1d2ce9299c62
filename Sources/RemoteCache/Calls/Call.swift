import CCurl
import Curl
import Primitives

/// One call of a method: the request's messages go out as the server takes them, the answer's come in.
///
/// Libcurl calls it back on the thread that drives it; nothing else touches it.
final class Call {
    /// The messages of a request: how many bytes they are together, and the next one; nil after the last.
    struct Request {
        let length: Int64
        let next: () throws -> [UInt8]?
    }
    /// Takes a message of the answer.
    typealias Sink = (ArraySlice<UInt8>) throws -> Void

    let handle: EasyHandle
    /// Bytes that went either way so far.
    private(set) var moved = 0
    private let request: Request
    private let sink: Sink
    private var outgoing: [UInt8] = []
    private var sent = 0
    private var incoming = CallBuffer()
    private var headers: UnsafeMutablePointer<curl_slist>?
    private var trailers: [String: String] = [:]
    private var failure: (any Error)?

    init(
        _ handle: EasyHandle, method: String, to server: RemoteServer, limit: Duration, request: Request,
        sink: @escaping Sink
    ) {
        self.handle = handle
        self.request = request
        self.sink = sink
        let me = Unmanaged.passUnretained(self).toOpaque()
        handle.reset()
        curl_set_quick_exit(handle.raw)
        handle.set(CURLOPT_URL, "\(server.address.url)\(method)")
        handle.set(CURLOPT_USERAGENT, "kldload-deploy")
        handle.set(CURLOPT_NOSIGNAL, 1)
        handle.set(CURLOPT_CONNECTTIMEOUT_MS, 5000)
        handle.set(CURLOPT_TCP_KEEPALIVE, 1)
        handle.set(CURLOPT_TCP_KEEPIDLE, 30)
        handle.set(CURLOPT_TCP_KEEPINTVL, 15)
        handle.set(CURLOPT_BUFFERSIZE, 512 * 1024)
        handle.set(CURLOPT_UPLOAD_BUFFERSIZE, 1 << 20)
        handle.set(CURLOPT_POST, 1)
        // Of a request without a length, libcurl 7.88 (Debian 12) loses an answer that comes in one piece.
        handle.set(CURLOPT_POSTFIELDSIZE_LARGE, large: request.length)
        if server.address.isEncrypted {
            handle.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
            if let file = server.login.authority { handle.set(CURLOPT_CAINFO, file) }
            if let file = server.login.certificate { handle.set(CURLOPT_SSLCERT, file) }
            if let file = server.login.key { handle.set(CURLOPT_SSLKEY, file) }
        } else {
            handle.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE))
            // libcurl 7.88 can't go on with such a connection.
            handle.set(CURLOPT_FRESH_CONNECT, 1)
            handle.set(CURLOPT_FORBID_REUSE, 1)
            // A proxy could pass on nothing of it: HTTP/2 without TLS goes from end to end, or not at all.
            handle.set(CURLOPT_PROXY, "")
        }
        // A limit of eight digits at most (doc/PROTOCOL-HTTP2.md, "Timeout").
        var lines = [
            "content-type: application/grpc", "te: trailers", "expect:", "grpc-timeout: \(Int(limit / .seconds(1)))S",
        ]
        if let token = server.login.token { lines.append("authorization: Bearer \(token)") }
        for line in lines { headers = curl_slist_append(headers, line) }
        handle.set(CURLOPT_HTTPHEADER, UnsafeMutableRawPointer(headers))
        handle.set(CURLOPT_READDATA, me)
        handle.set(CURLOPT_READFUNCTION) { bytes, size, count, me in
            guard let me, let bytes else { return 0 }
            let call = Unmanaged<Call>.fromOpaque(me).takeUnretainedValue()
            return call.give(UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
                ?? Int(CURL_READFUNC_ABORT)
        }
        handle.set(CURLOPT_WRITEDATA, me)
        handle.set(CURLOPT_WRITEFUNCTION) { bytes, size, count, me in
            guard let me, let bytes else { return 0 }
            let call = Unmanaged<Call>.fromOpaque(me).takeUnretainedValue()
            return call.take(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
        }
        handle.set(CURLOPT_HEADERDATA, me)
        handle.set(CURLOPT_HEADERFUNCTION) { bytes, size, count, me in
            guard let me, let bytes else { return 0 }
            let call = Unmanaged<Call>.fromOpaque(me).takeUnretainedValue()
            call.takeHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
            return size * count
        }
    }

    deinit { curl_slist_free_all(headers) }

    /// Fills `room` with what goes out next: as much as there is of it; nil where the source failed.
    private func give(_ room: UnsafeMutableRawBufferPointer) -> Int? {
        do {
            if sent == outgoing.count {
                guard let message = try request.next() else { return 0 }
                outgoing = CallBuffer.head(message.count) + message
                sent = 0
            }
        } catch {
            failure = error
            return nil
        }
        let count = min(room.count, outgoing.count - sent)
        outgoing.withUnsafeBytes { room.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[sent..<sent + count])) }
        sent += count
        moved += count
        return count
    }

    /// False where the answer is not wanted any more.
    private func take(_ piece: UnsafeRawBufferPointer) -> Bool {
        moved += piece.count
        // What is no answer of gRPC, such as the page of a proxy that says why, is judged by its status.
        guard handle.number(CURLINFO_RESPONSE_CODE) == 200 else { return true }
        do {
            try incoming.append(piece, sink)
        } catch {
            failure = error
        }
        return failure == nil
    }

    private func takeHeader(_ line: UnsafeRawBufferPointer) {
        guard line.count < 8192, let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
        guard name == "grpc-status" || name == "grpc-message" else { return }
        let value = String(decoding: line[(colon + 1)...], as: UTF8.self)
        trailers[name] = value.withoutLineEnd
    }

    /// Throws what went wrong; `code` is what libcurl says. Where the server told its status, that counts: of a blob that it has
    /// already it wants no more bytes, and libcurl takes that for a broken stream.
    func finish(_ code: CURLcode) throws {
        if let failure { throw failure }
        if let status = trailers["grpc-status"].flatMap({ Int64($0) }) {
            guard status != 0 else {
                guard incoming.isEmpty else { throw CallFailure(.internalError, "the answer ends in the middle") }
                return
            }
            let words = trailers["grpc-message"] ?? ""
            throw CallFailure(CallFailure.Code(rawValue: status) ?? .unknown, PercentEncoding.decode(words) ?? words)
        }
        guard code == CURLE_OK else {
            // A server that ends a call while it is sent bytes; of what it said then, libcurl may have lost the status.
            let isStream = code == CURLE_HTTP2_STREAM
            throw CallFailure(isStream ? .internalError : .unavailable, handle.words(for: code))
        }
        // doc/http-grpc-status-mapping.md
        switch handle.number(CURLINFO_RESPONSE_CODE) {
        case 200: throw CallFailure(.internalError, "the answer has no end")
        case 401: throw CallFailure(.unauthenticated, "HTTP 401")
        case 403: throw CallFailure(.permissionDenied, "HTTP 403")
        case 404: throw CallFailure(.unimplemented, "HTTP 404: nothing of gRPC is there")
        case 429, 502, 503, 504: throw CallFailure(.unavailable, "HTTP \(handle.number(CURLINFO_RESPONSE_CODE))")
        case let status: throw CallFailure(.unknown, "HTTP \(status)")
        }
    }
}

extension String {
    fileprivate var withoutLineEnd: String {
        String(drop { $0 == " " }.prefix { $0 != "\r\n" && $0 != "\n" && $0 != "\r" })
    }
}
