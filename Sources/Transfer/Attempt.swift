import CCurl
import Curl
import Primitives

/// One try at one source of one file: an HTTP exchange whose body goes into the partial file.
///
/// Libcurl calls it back on the thread that drives the transfers; nothing else touches it.
final class Attempt {
    let index: Int
    let source: Int
    let handle: EasyHandle
    let part: PartialFile

    private let request: DownloadRequest
    private let url: SourceURL
    private let isStopped: () -> Bool
    /// How long the file was when the exchange began; 0 once the server chose to send all of it.
    private var resumedAt: Int64
    private var hasBegun = false
    private var hasBody = false
    private var ignored = 0
    private var announced: Int64 = -1
    private var status = 0
    private(set) var hasAnswered = false
    private var hops: [String] = []
    private var entityTag: String?
    private var lastModified: String?
    private var failure: SourceFailure?
    private(set) var fileError: FileError?

    /// When the watched stretch of time began, and how many bytes had come by then.
    private var watchedSince: Duration
    private let deadline: Duration?
    private var received: Int64 = 0
    private var receivedThen: Int64 = 0

    init(
        index: Int, source: Int, request: DownloadRequest, url: SourceURL, part: PartialFile, handle: EasyHandle,
        options: Downloader.Options, now: Duration, isStopped: @escaping () -> Bool
    ) {
        self.index = index
        self.source = source
        self.request = request
        self.url = url
        self.part = part
        self.handle = handle
        self.isStopped = isStopped
        resumedAt = part.size
        watchedSince = now
        deadline = request.deadline.map { now + $0 }
        configure(options)
    }

    private func configure(_ options: Downloader.Options) {
        let me = Unmanaged.passUnretained(self).toOpaque()
        handle.reset()
        curl_set_schemes(handle.raw)
        curl_set_quick_exit(handle.raw)
        handle.set(CURLOPT_URL, url.url)
        handle.set(CURLOPT_USERAGENT, "kldload-deploy")
        handle.set(CURLOPT_NOSIGNAL, 1)
        handle.set(CURLOPT_FOLLOWLOCATION, 1)
        handle.set(CURLOPT_MAXREDIRS, options.redirects)
        handle.set(CURLOPT_CONNECTTIMEOUT_MS, Int(options.connectTimeout / .milliseconds(1)))
        handle.set(CURLOPT_BUFFERSIZE, 256 * 1024)
        handle.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        if let proxy = options.proxies.first(where: { url.url.hasPrefix("\($0.key)/") })?.value {
            handle.set(CURLOPT_PROXY, proxy)
        }
        if let login = options.logins.first(where: { $0.isFor(url.url) }) {
            handle.set(CURLOPT_USERNAME, login.user)
            handle.set(CURLOPT_PASSWORD, login.password)
        } else if let netrc = options.netrc {
            handle.set(CURLOPT_NETRC, Int(CURL_NETRC_OPTIONAL.rawValue))
            handle.set(CURLOPT_NETRC_FILE, netrc)
        }
        if let file = options.certificates { handle.set(CURLOPT_CAINFO, file) }
        if let folder = options.certificateFolder { handle.set(CURLOPT_CAPATH, folder) }
        if resumedAt > 0 { handle.set(CURLOPT_RANGE, "\(resumedAt)-") }
        handle.set(CURLOPT_WRITEDATA, me)
        handle.set(CURLOPT_WRITEFUNCTION) { bytes, size, count, me in
            guard let me, let bytes else { return 0 }
            let attempt = Unmanaged<Attempt>.fromOpaque(me).takeUnretainedValue()
            return attempt.take(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
        }
        handle.set(CURLOPT_HEADERDATA, me)
        handle.set(CURLOPT_HEADERFUNCTION) { bytes, size, count, me in
            guard let me, let bytes else { return 0 }
            let attempt = Unmanaged<Attempt>.fromOpaque(me).takeUnretainedValue()
            attempt.takeHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
            return size * count
        }
    }

    private func takeHeader(_ line: UnsafeRawBufferPointer) {
        guard !url.isFile else { return }
        hasAnswered = true
        if line.starts(with: "HTTP/".utf8) {
            // The answer after a redirect or an interim one.
            (entityTag, lastModified) = (nil, nil)
            if let hop = handle.string(CURLINFO_EFFECTIVE_URL), hop != hops.last { hops.append(hop) }
        }
        guard line.count < 1000, let first = line.first, "EeLl".utf8.contains(first) else { return }
        let text = String(decoding: line, as: UTF8.self)
        guard let colon = text.firstIndex(of: ":") else { return }
        let value = String(text[text.index(after: colon)...].drop { $0 == " " }.prefix { $0 != "\r\n" && $0 != "\n" })
        switch text[..<colon].lowercased() {
        case "etag": entityTag = value
        case "last-modified": lastModified = value
        default: break
        }
    }

    /// Reads what the server says about the body that follows. False when the body is not to be had.
    private func begin() -> Bool {
        hasBegun = true
        announced = handle.offset(CURLINFO_CONTENT_LENGTH_DOWNLOAD_T)
        if !url.isFile {
            status = handle.number(CURLINFO_RESPONSE_CODE)
            // RFC 9110, 14.2: a server may ignore Range and send everything.
            if status == 200, resumedAt > 0 {
                resumedAt = 0
                guard restart() else { return false }
            }
            guard status == 200 || (status == 206 && resumedAt > 0) else { return true }
        }
        hasBody = true
        guard announced >= 0 else { return true }
        // libcurl tells the length of a file:// source without what was left out.
        let whole = announced + resumedAt
        if let size = request.size, whole != size.bytes {
            failure = .wrongSize(found: ByteCount(whole), expected: size)
        } else if whole > request.mostBytes {
            failure = .tooLong(limit: request.limit)
        }
        return failure == nil
    }

    /// Takes a piece of the body; false ends the transfer.
    private func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard !isStopped(), hasBegun || begin() else { return false }
        received += Int64(bytes.count)
        guard hasBody else {
            // The page of an error is read so that the connection can be used again, unless it is long.
            ignored += bytes.count
            return ignored <= 1 << 18
        }
        guard part.size + Int64(bytes.count) <= request.mostBytes else {
            failure = .tooLong(limit: request.size ?? request.limit)
            return false
        }
        do {
            try part.write(bytes)
            return true
        } catch {
            fileError = error
            return false
        }
    }

    private func restart() -> Bool {
        do {
            try part.restart()
            return true
        } catch {
            fileError = error
            return false
        }
    }

    /// The failure of an attempt that brings fewer bytes than the options ask for, nil of one that does not.
    func stall(now: Duration, options: Downloader.Options) -> SourceFailure? {
        if let deadline, now >= deadline, let limit = request.deadline {
            return .overdue(after: limit, received: ByteCount(received))
        }
        // Until there is a connection, the time for connecting is what counts.
        if !url.isFile, handle.offset(CURLINFO_PRETRANSFER_TIME_T) == 0 { watchedSince = now }
        guard now - watchedSince >= options.stallTime else { return nil }
        let least = Double(options.stallRate.bytes) * ((now - watchedSince) / .seconds(1))
        if Double(received - receivedThen) < least {
            return .stalled(after: options.stallTime, received: hasAnswered ? ByteCount(received) : nil)
        }
        watchedSince = now
        receivedThen = received
        return nil
    }

    /// What the server wants waited for, if it says so.
    var retryAfter: Duration? {
        let seconds = handle.offset(CURLINFO_RETRY_AFTER)
        return seconds > 0 ? .seconds(min(seconds, 86_400)) : nil
    }

    /// What became of the file now that libcurl has ended with `code`. A `fileError` is looked at before.
    func result(_ code: CURLcode) -> Result<DownloadedFile, SourceFailure> {
        if failure == nil, !hasBegun, code == CURLE_OK { _ = begin() }
        if let failure { return .failure(failure) }
        if !url.isFile, hasAnswered, !hasBody, status >= 300 {
            return .failure(status == 416 && resumedAt > 0 ? .rangeRefused : .status(status))
        }
        guard code == CURLE_OK else { return .failure(translate(code)) }
        guard hasBody else { return .failure(.status(status)) }
        if let size = request.size, part.size != size.bytes {
            return .failure(.short(received: ByteCount(part.size), of: size))
        }
        let digest = part.digest()
        if let expected = request.digest, expected != digest {
            return .failure(resumedAt > 0 ? .resumedWrong : .wrongDigest(found: digest, expected: expected))
        }
        return .success(
            DownloadedFile(
                index: index, source: source, destination: request.destination, digest: digest,
                size: ByteCount(part.size), url: handle.string(CURLINFO_EFFECTIVE_URL) ?? url.url, hops: hops,
                entityTag: entityTag, lastModified: lastModified)
        )
    }

    private func translate(_ code: CURLcode) -> SourceFailure {
        let words = handle.words(for: code)
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: return .unresolved(words)
        // The only time limit that libcurl is given is the one for connecting.
        case CURLE_COULDNT_CONNECT, CURLE_OPERATION_TIMEDOUT: return .unreachable(words)
        case CURLE_PARTIAL_FILE:
            let whole = announced >= 0 ? ByteCount(announced + resumedAt) : request.size
            return .short(received: ByteCount(part.size), of: whole)
        case CURLE_BAD_DOWNLOAD_RESUME, CURLE_RANGE_ERROR: return resumedAt > 0 ? .rangeRefused : .refused(words)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE: return .untrusted(words)
        case CURLE_TOO_MANY_REDIRECTS: return .tooManyRedirects
        case CURLE_FILE_COULDNT_READ_FILE: return .unreadable(words)
        case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_HTTP2, CURLE_HTTP2_STREAM,
            CURLE_SSL_CONNECT_ERROR, CURLE_READ_ERROR, CURLE_AGAIN:
            return .broken(words)
        default: return .refused(words)
        }
    }
}
