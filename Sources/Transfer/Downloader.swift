import Curl
package import Primitives
import SystemPackage

/// Downloads many files at once and gives out only those whose bytes are right.
///
/// The transfers of one call run on a thread of their own. Each file is hashed while it arrives, in
/// `destination.part`, and renamed to `destination` when size and digest are right. A call that fails or is
/// cancelled leaves the `.part` files of known digest; the next call goes on where they end. Where no option names
/// one, proxies come from the environment as for curl(1). Bodies are taken as they are sent: no encoding is asked for.
package struct Downloader: Sendable {
    /// How downloads are made: how many at once, how patiently, by which proxies and with which logins. The defaults are
    /// those of a build.
    package struct Options: Sendable {
        /// Transfers, and so connections, at once.
        package var connections = 8
        /// The time to look a name up, connect and agree on TLS.
        package var connectTimeout = Duration.seconds(15)
        /// A transfer that brings less than `stallRate` bytes a second for this long has failed.
        package var stallTime = Duration.seconds(30)
        /// The bytes in a second that are the least, see `stallTime`.
        package var stallRate = ByteCount(1000)
        /// Redirects that are followed for one file.
        package var redirects = 8
        /// How often a source that fails is asked again, and after what pause.
        package var retries = RetryPolicy()
        /// Proxies by the beginning of the URLs that they are for, "" for none; other URLs follow the environment.
        package var proxies: [String: String] = [:]
        /// Users and passwords by where they are for; the first that fits counts.
        package var logins: [Login] = []
        /// A file of netrc(5), for what none of `logins` is for.
        package var netrc: String?
        /// A file of the certificates that are trusted, and a folder of such; nil for those of the system.
        package var certificates: String?
        package var certificateFolder: String?
        /// Whether only files of this machine are taken, and nothing goes over a network.
        package var isOffline = false
        /// How long the other files may go on after the first one was given up, so that all that is wrong can
        /// be told at once.
        package var grace = Duration.seconds(30)
        /// How often stalls are looked for.
        var tick = Duration.milliseconds(50)

        package init() {}
    }

    private let options: Options

    package init(options: Options = Options()) { self.options = options }

    /// Downloads all `requests` and returns them in their order.
    ///
    /// `finished` gets each file as soon as it is at its destination, one after the other, while other transfers
    /// go on; an error that it throws stops everything and is thrown. `progress` is called ten times a second at
    /// most and once at the end, on the thread of the transfers: it must not wait.
    ///
    /// Throws `TransferErrors` with everything that failed, `FileError` as soon as a file cannot be written (a
    /// full disk) or two requests have one destination, and `CancellationError`. When it returns or throws, no
    /// transfer runs any more. After an error, files at their destinations that `finished` never saw are whole.
    @discardableResult
    package func download(
        _ requests: [DownloadRequest], progress: @escaping @Sendable (TransferProgress) -> Void = { _ in },
        finished: @Sendable (DownloadedFile) async throws -> Void = { _ in }
    ) async throws -> [DownloadedFile] {
        try Task.checkCancellation()
        guard !requests.isEmpty else { return [] }
        var destinations: Set<FilePath> = []
        for request in requests where !destinations.insert(request.destination).inserted {
            throw FileError("download twice to", request.destination, .fileExists)
        }
        guard let multi = MultiHandle(connections: options.connections) else {
            throw FileError("download", requests[0].destination, .noMemory)
        }
        let control = TransferControl(multi)
        let (files, feed) = AsyncStream.makeStream(of: DownloadedFile.self)
        return try await withTaskCancellationHandler {
            async let outcome = onThread { [options] in
                try TransferLoop(
                    requests, options: options, control: control, multi: multi, progress: progress,
                    finished: { feed.yield($0) }
                ).run()
            } atEnd: {
                feed.finish()
            }
            var arrived: [DownloadedFile] = []
            var refusal: (any Error)?
            do {
                for await file in files {
                    try await finished(file)
                    arrived.append(file)
                }
            } catch {
                refusal = error
                control.stop()
            }
            let result = await outcome
            if let refusal { throw refusal }
            try Task.checkCancellation()
            try result.get()
            return arrived.sorted { $0.index < $1.index }
        } onCancel: {
            control.stop()
        }
    }

    /// Downloads one file. Throws what the form for many throws.
    package func download(_ request: DownloadRequest) async throws -> DownloadedFile {
        let files = try await download([request])
        guard let file = files.first else { throw CancellationError() }
        return file
    }

    /// Runs `body` on a thread of its own. `atEnd` is called whatever happens.
    private func onThread(
        _ body: @escaping @Sendable () throws -> Void, atEnd: @Sendable () -> Void
    ) async -> Result<Void, any Error> {
        defer { atEnd() }
        do {
            return .success(try await BlockingWork.run(body))
        } catch {
            return .failure(error)
        }
    }
}
