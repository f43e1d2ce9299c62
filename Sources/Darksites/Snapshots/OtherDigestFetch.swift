import BuildGraph
import ContentStore
import Primitives
import SystemPackage
import Transfer

/// Fetches files of which the signed one has another digest than SHA-256, to know that: what is locked is named by it.
struct OtherDigestFetch {
    let store: any ArtifactStore
    let downloader: Downloader

    /// Puts the file at `path` into the store, from the first of `places` that has it as the signed file, called `statement`, says.
    /// `name` is what errors call it, `kind` the kind of digest.
    func fetch(
        _ path: String, name: String, statement: String, kind: String, size: ByteCount?, from places: [String],
        isRight: @escaping @Sendable ([UInt8]) -> Bool
    ) async throws -> Blob {
        var places = places
        var tried: [String] = []
        let file = name.map { $0 == " " || $0 == "/" ? "-" : String($0) }.joined()
        while true {
            let downloaded = try await downloader.download(
                DownloadRequest(
                    name: name, sources: places.map { RepositoryAddresses.url(of: path, at: $0) },
                    destination: store.workArea.file(file), size: size))
            let isTaken = try await BlockingWork.run { isRight(try Files.read(downloaded.destination)) }
            if isTaken { return try await store.insert(downloaded) }
            try Files.remove(downloaded.destination)
            tried.append(downloaded.url)
            places.remove(at: downloaded.source)
            guard !places.isEmpty else { throw WrongIndex(name: name, statement: statement, kind: kind, tried: tried) }
        }
    }
}
