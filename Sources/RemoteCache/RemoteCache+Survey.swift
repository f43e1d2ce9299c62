package import ContentStore
package import Primitives

/// What a server says of itself, and how fast it is.
package struct RemoteSurvey: Sendable {
    /// How many bytes were sent and asked for back.
    package static let sample = ByteCount(16 << 20)

    /// The quickest of five questions.
    package let latency: Duration
    /// Whether it takes results.
    package let mayUpdateResults: Bool
    /// Whether it runs actions.
    package let executes: Bool
    /// Whether blobs may be packed with zstd on their way.
    package let packsWithZstd: Bool
    /// The most bytes of small blobs in a message.
    package let mostBatchBytes: ByteCount
    /// What came of sending and of fetching `sample`, in time; nil where nothing may be put there.
    package let upload: Duration?
    package let download: Duration?
}

extension RemoteCache {
    /// Asks the server what it can do and how fast it answers. In a `workArea`, and unless it is used read-only, made-up bytes are put
    /// there and fetched again.
    ///
    /// Throws `RemoteFailed`.
    package func survey(in workArea: WorkArea?) async throws -> RemoteSurvey {
        do {
            let capabilities = try await capabilities()
            var latency = Duration.seconds(3600)
            for _ in 0..<5 {
                let time = try await ContinuousClock().measure { _ = try await server.capabilities() }
                latency = min(latency, time)
            }
            var (upload, download): (Duration?, Duration?) = (nil, nil)
            if let workArea, !options.isReadOnly, capabilities.mayUpdateResults {
                (upload, download) = try await measure(in: workArea)
            }
            return RemoteSurvey(
                latency: latency, mayUpdateResults: capabilities.mayUpdateResults, executes: capabilities.executes,
                packsWithZstd: capabilities.packsWithZstd, mostBatchBytes: ByteCount(capabilities.mostBatchBytes),
                upload: upload, download: download)
        } catch let failure as CallFailure {
            throw RemoteFailed(address: options.address, failure: server.login.hidden(in: failure), use: .asked)
        }
    }

    private func measure(in workArea: WorkArea) async throws -> (upload: Duration, download: Duration) {
        // No bytes that anybody could have put there before.
        var random = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        while bytes.count < RemoteSurvey.sample.bytes {
            withUnsafeBytes(of: random.next()) { bytes += $0 }
        }
        let blob = Blob(of: bytes)
        let (sent, came) = (workArea.newFile(), workArea.newFile())
        // What can't be removed is debris to the next build.
        defer { for file in [sent, came] { try? Files.remove(file) } }
        try Files.write(bytes, to: sent)
        let clock = ContinuousClock()
        let upload = try await clock.measure { try await server.write(blob, from: sent) }
        let file = try PartialBlob(came)
        let download = try await clock.measure { try await server.read(blob, into: file, packs: false) }
        return (upload, download)
    }
}
