import CCurl
import Curl
import Primitives
import Synchronization
import SystemPackage

/// All transfers of one call, driven by one thread until each request has its file or has failed.
final class TransferLoop {
    /// One request and what was tried for it.
    private struct Entry {
        let request: DownloadRequest
        let urls: [SourceURL]
        var plan: RequestPlan
        var mayResume: Bool
        /// Bytes on disk, for the progress.
        var bytes: Int64 = 0
        /// The partial file that the last try left; nil where it belongs to another process.
        var part: FilePath?
    }

    /// What the requests of this call have learned about a host.
    private struct Host {
        var hasAnswered = false
        /// Did not answer the last time: others are asked first.
        var isSuspect = false
        /// Why it is not asked any more: some request gave it up, and it has never answered.
        var dead: SourceFailure?
    }

    private let options: Downloader.Options
    private let control: TransferControl
    private let progress: @Sendable (TransferProgress) -> Void
    private let finished: @Sendable (DownloadedFile) -> Void

    private let multi: MultiHandle
    private var idle: [EasyHandle] = []
    private var active: [UnsafeMutableRawPointer: Attempt] = [:]
    private var entries: [Entry]
    /// The first request that was never started; all before it are active, waiting, done or failed.
    private var firstNew = 0
    private var waiting: [(index: Int, notBefore: Duration)] = []
    private var hosts: [String: Host] = [:]
    private var failures: [TransferErrors.File] = []
    private var filesDone = 0
    private var giveUpAt: Duration?
    private var reportedAt: Duration?
    private let start = ContinuousClock.now

    init(
        _ requests: [DownloadRequest], options: Downloader.Options, control: TransferControl, multi: MultiHandle,
        progress: @escaping @Sendable (TransferProgress) -> Void,
        finished: @escaping @Sendable (DownloadedFile) -> Void
    ) {
        self.options = options
        self.control = control
        self.multi = multi
        self.progress = progress
        self.finished = finished
        entries = requests.map {
            let urls = $0.sources.map { SourceURL($0) }
            var plan = RequestPlan(sources: urls.count, policy: options.retries)
            if options.isOffline {
                for (source, url) in urls.enumerated() where !url.isFile { plan.skip(source, .offline) }
            }
            return Entry(request: $0, urls: urls, plan: plan, mayResume: $0.digest != nil)
        }
    }

    private var now: Duration { ContinuousClock.now - start }

    /// Runs to the end. Throws `TransferErrors` for files that could not be had, `FileError` for the first file
    /// that could not be written, and `CancellationError` when the control was stopped.
    func run() throws {
        defer { report(force: true) }
        defer { stopAll() }
        while true {
            if control.isStopped { throw CancellationError() }
            try startReady()
            if active.isEmpty, waiting.isEmpty, firstNew == entries.count { break }
            multi.perform()
            while let (handle, code) = multi.nextDone() {
                if control.isStopped { throw CancellationError() }
                guard let attempt = active.removeValue(forKey: handle) else { continue }
                multi.remove(attempt.handle)
                try complete(attempt, code)
            }
            try failStalled()
            report(force: false)
            if let giveUpAt, now >= giveUpAt { break }
            if idle.isEmpty || firstNew == entries.count { multi.poll(milliseconds: pause()) }
        }
        guard failures.isEmpty else {
            throw TransferErrors(
                files: failures.sorted { $0.index < $1.index },
                unfinished: entries.count - filesDone - failures.count, total: entries.count)
        }
    }

    private func stopAll() {
        for attempt in active.values { multi.remove(attempt.handle) }
        active.removeAll()
    }

    /// How long nothing needs to be looked at but the sockets.
    private func pause() -> Int32 {
        var longest = options.tick
        if !idle.isEmpty, let next = waiting.map(\.notBefore).min() { longest = min(longest, next - now) }
        return Int32(max(longest / .milliseconds(1), 1))
    }

    // MARK: Starting

    private func startReady() throws {
        while active.count < options.connections {
            let time = now
            if let place = waiting.firstIndex(where: { $0.notBefore <= time }) {
                try start(waiting.remove(at: place).index)
            } else if firstNew < entries.count {
                firstNew += 1
                try start(firstNew - 1)
            } else {
                return
            }
        }
    }

    /// Starts the next try of a request, or notes when it is due, or that there is none.
    private func start(_ index: Int) throws {
        let request = entries[index].request
        let urls = entries[index].urls
        skipDeadHosts(index)
        guard let (source, notBefore) = entries[index].plan.next(isSuspect: { isSuspect(urls[$0]) }) else {
            return fail(index)
        }
        guard notBefore <= now else { return waiting.append((index, notBefore)) }
        let part = try PartialFile(
            for: request.destination, resuming: entries[index].mayResume, mostBytes: request.mostBytes,
            isStopped: { [control] in control.isStopped })
        if control.isStopped { throw CancellationError() }
        entries[index].bytes = part.size
        if let size = request.size, let digest = request.digest, part.size == size.bytes {
            // Complete already, unless its bytes are wrong.
            if part.digest() == digest {
                return try finish(
                    part,
                    DownloadedFile(
                        index: index, source: source, destination: request.destination, digest: digest, size: size,
                        url: urls[source].url, hops: [], entityTag: nil, lastModified: nil))
            }
            try part.restart()
        }
        entries[index].mayResume = request.digest != nil
        guard let handle = idle.popLast() ?? EasyHandle() else {
            throw FileError("download", request.destination, .noMemory)
        }
        let attempt = Attempt(
            index: index, source: source, request: request, url: urls[source], part: part, handle: handle,
            options: options, now: now, isStopped: { [control] in control.isStopped })
        active[handle.raw] = attempt
        multi.add(handle)
    }

    private func isSuspect(_ url: SourceURL) -> Bool {
        url.host.flatMap { hosts[$0] }?.isSuspect ?? false
    }

    private func skipDeadHosts(_ index: Int) {
        for (source, url) in entries[index].urls.enumerated() {
            if let host = url.host, let reason = hosts[host]?.dead { entries[index].plan.skip(source, reason) }
        }
    }

    // MARK: Ending

    private func complete(_ attempt: Attempt, _ code: CURLcode) throws {
        defer { idle.append(attempt.handle) }
        let result = attempt.result(code)
        if let error = attempt.fileError { throw error }
        switch result {
        case .success(let file): try finish(attempt.part, file)
        case .failure(let failure): try failed(attempt, failure)
        }
        if attempt.hasAnswered, let host = entries[attempt.index].urls[attempt.source].host {
            hosts[host] = Host(hasAnswered: true)
        }
    }

    private func finish(_ part: PartialFile, _ file: DownloadedFile) throws {
        try part.publish(as: file.destination)
        entries[file.index].bytes = file.size.bytes
        filesDone += 1
        finished(file)
    }

    private func failStalled() throws {
        for attempt in Array(active.values) {
            guard let failure = attempt.stall(now: now, options: options) else { continue }
            active[attempt.handle.raw] = nil
            multi.remove(attempt.handle)
            idle.append(attempt.handle)
            try failed(attempt, failure)
        }
    }

    /// Decides what follows from a try that failed.
    private func failed(_ attempt: Attempt, _ failure: SourceFailure) throws {
        let index = attempt.index
        switch failure {
        case .rangeRefused, .resumedWrong, .wrongDigest, .tooLong:
            // These bytes are not to be continued, by no source and no later run.
            try attempt.part.restart()
            entries[index].mayResume = false
        default: break
        }
        entries[index].bytes = attempt.part.size
        entries[index].part = attempt.part.isOnlyOurs ? nil : attempt.part.path
        entries[index].plan.failed(
            attempt.source, failure, at: now, reached: attempt.part.size, retryAfter: attempt.retryAfter,
            jitter: Double.random(in: 0...1))
        if !attempt.hasAnswered, failure.remedy == .tryAgain, let host = entries[index].urls[attempt.source].host {
            hosts[host, default: Host()].isSuspect = true
            // A host that has answered may have one path that hangs.
            if entries[index].plan.sources[attempt.source].isGivenUp, hosts[host]?.hasAnswered == false {
                hosts[host]?.dead = failure
            }
        }
        // The next source may be due at once; it is started when there is room.
        let urls = entries[index].urls
        let next = entries[index].plan.next(isSuspect: { isSuspect(urls[$0]) })
        if let next { waiting.append((index, next.notBefore)) } else { fail(index) }
    }

    private func fail(_ index: Int) {
        let entry = entries[index]
        if let part = entry.part, entry.request.digest == nil || entry.bytes == 0 { try? Files.remove(part) }
        failures.append(
            TransferErrors.File(
                index: index, name: entry.request.name,
                sources: zip(entry.urls, entry.plan.sources).compactMap { url, source in
                    source.failure.map { TransferErrors.Source(url: url.url, reason: $0, tries: source.tries) }
                }))
        if giveUpAt == nil { giveUpAt = now + options.grace }
    }

    // MARK: Progress

    private func report(force: Bool) {
        let time = now
        if !force, let reportedAt, time - reportedAt < .milliseconds(100) { return }
        reportedAt = time
        for attempt in active.values { entries[attempt.index].bytes = attempt.part.size }
        var report = TransferProgress(filesDone: filesDone, filesTotal: entries.count)
        for entry in entries {
            report.bytesDone += ByteCount(entry.bytes)
            report.bytesTotal += max(entry.request.size ?? .zero, ByteCount(entry.bytes))
        }
        progress(report)
    }
}

/// How other threads stop a running loop.
final class TransferControl: Sendable {
    private let stopped = Atomic(false)
    private let multi: MultiHandle

    init(_ multi: MultiHandle) { self.multi = multi }

    var isStopped: Bool { stopped.load(ordering: .relaxed) }

    func stop() {
        stopped.store(true, ordering: .relaxed)
        multi.wakeUp()
    }
}
