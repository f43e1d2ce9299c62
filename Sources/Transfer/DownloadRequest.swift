package import Primitives
package import SystemPackage

/// One file to download, and all places that have it.
package struct DownloadRequest: Sendable {
    /// What the file is called in messages.
    package var name: String
    /// Where the file is, best first: http, https and file URLs, or absolute paths of files on this machine.
    package var sources: [String]
    /// Where the finished file appears, by rename, replacing what was there. While it grows it is `destination`
    /// with `.part` at the end. No two requests of one call may have the same destination.
    package var destination: FilePath
    /// What the file's bytes must hash to; nil where nobody knows. Only a file with a digest is ever resumed.
    package var digest: Digest?
    /// How long the file must be; nil where nobody knows.
    package var size: ByteCount?
    /// The most that is accepted of a file whose size is not known.
    package var limit: ByteCount
    /// How long one try at one source may take in all; nil where any time is good that brings enough bytes a second.
    package var deadline: Duration?

    package init(
        name: String, sources: [String], destination: FilePath, digest: Digest? = nil, size: ByteCount? = nil,
        limit: ByteCount = ByteCount(1_000_000_000), deadline: Duration? = nil
    ) {
        self.name = name
        self.sources = sources
        self.destination = destination
        self.digest = digest
        self.size = size
        self.limit = limit
        self.deadline = deadline
    }

    /// The most bytes that the file may have.
    var mostBytes: Int64 { (size ?? limit).bytes }
}

/// A file that arrived whole and is what was asked for.
package struct DownloadedFile: Sendable {
    /// The place of the request among those given to `Downloader.download`.
    package let index: Int
    /// The place of the source that gave it among those of its request.
    package let source: Int
    /// Where it is now, under the name that the request wished for.
    package let destination: FilePath
    /// Of the bytes that arrived, also where the request knew none.
    package let digest: Digest
    /// Of the bytes that arrived.
    package let size: ByteCount
    /// The URL that the bytes came from in the end, after redirects; the source's own URL for a file that an
    /// earlier run had left complete.
    package let url: String
    /// Every URL that answered on the way to the bytes, that of the last one included: a redirect is an answer too. Empty
    /// where no server did.
    package let hops: [String]
    /// The server's `ETag` (RFC 9110, 8.8.3), as it was sent.
    package let entityTag: String?
    /// The server's `Last-Modified` (RFC 9110, 8.8.2), as it was sent.
    package let lastModified: String?
}

/// How far all requests of one call are.
package struct TransferProgress: Sendable, Equatable {
    /// Bytes on this machine's disk, those from an earlier run that were resumed among them. Falls where a file
    /// has to be started over.
    package var bytesDone = ByteCount.zero
    /// The sum of the known sizes; a file of unknown size counts with what it has so far.
    package var bytesTotal = ByteCount.zero
    /// Files that are at their destinations.
    package var filesDone = 0
    /// All files of the call.
    package var filesTotal = 0
}
