import Glibc
import Primitives
import SystemPackage
import Testing

@testable import Transfer

/// A file as the mirror makes it: its bytes follow from size and seed.
struct TestFile {
    let size: Int
    let seed: Int

    var bytes: [UInt8] {
        let block = (0..<251).map { UInt8((31 * $0 + seed) % 251) }
        var bytes: [UInt8] = []
        for _ in 0..<size / 251 { bytes += block }
        return bytes + block.prefix(size % 251)
    }

    var digest: Digest? { Digest(of: bytes) }
}

/// A folder that is gone with this object.
final class Scratch: Sendable {
    let path: FilePath

    init() throws {
        var template = Array("/tmp/transfer-tests-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        path = template.withUnsafeBufferPointer { FilePath($0.baseAddress.map { String(cString: $0) } ?? "") }
    }

    deinit { try? Files.remove(path) }

    /// A request for `file`, of known digest and size, into this folder.
    func request(_ file: TestFile, _ sources: String...) -> DownloadRequest {
        DownloadRequest(
            name: "file-\(file.seed)", sources: sources, destination: path.appending("\(file.size)-\(file.seed)"),
            digest: file.digest, size: ByteCount(file.size))
    }

    var names: [String] { (try? Files.list(path)) ?? [] }
}

extension Downloader {
    /// Limits so short that a bad mirror is done with in a second; a silent one only if `change` says so, since a busy
    /// machine may be as silent.
    static func impatient(_ change: (inout Options) -> Void = { _ in }) -> Downloader {
        var options = Options()
        options.connectTimeout = .seconds(1)
        options.stallTime = .seconds(10)
        options.grace = .seconds(3)
        options.retries.tries = 3
        options.retries.firstPause = .milliseconds(20)
        options.retries.headway = ByteCount(10_000_000)
        change(&options)
        return Downloader(options: options)
    }
}

/// The `TransferErrors` that downloading `requests` must throw.
func errors(
    _ downloader: Downloader, _ requests: [DownloadRequest], sourceLocation: Testing.SourceLocation = #_sourceLocation
) async throws -> TransferErrors {
    do {
        try await downloader.download(requests)
    } catch let errors as TransferErrors {
        return errors
    }
    Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    throw CancellationError()
}
