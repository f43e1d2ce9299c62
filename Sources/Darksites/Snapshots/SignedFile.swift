import BuildGraph
import ContentStore
import Locking
import Primitives
import SystemPackage
import Transfer

/// What an archive signs, with the signature where that is apart.
struct SignedFile {
    let bytes: [UInt8]
    let signature: [UInt8]?

    init(bytes: [UInt8], signature: [UInt8]?) {
        self.bytes = bytes
        self.signature = signature
    }

    /// What was stored as `stored`.
    init(stored: [UInt8]) {
        let halves = stored.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false).map(Array.init)
        self.init(bytes: halves[0], signature: halves.count > 1 ? halves[1] : nil)
    }

    /// As the store keeps it: a detached signature stays behind its payload, after a NUL.
    var stored: [UInt8] { bytes + (signature.map { [0] + $0 } ?? []) }
}

/// Fetches the signed file of a repository from one of several places.
struct SignedFileFetch {
    let store: any ArtifactStore
    let downloader: Downloader

    /// What such a file may be large: Debian's have 200 KB.
    private static let limit = ByteCount(20_000_000)
    /// How long one may take from one place: a server that sends a byte now and then must not hold a build up for ever.
    static let deadline = Duration.seconds(300)

    /// The file from the first of `places` whose file `judge` takes; puts it into the store, so that the lock can be resolved
    /// against again. Of a locked state, `known`, no other file is judged. `forms` are the paths of the file and of its signature,
    /// in the order in which to ask for them.
    ///
    /// Throws the error of `judge` where there is one place, `NoGoodSource` where there are several, and `TransferErrors`.
    func obtain<State>(
        _ name: String, forms: [[String]], from all: [RepositoryAddresses.Place], known: LockedSnapshot?,
        judge: (SignedFile, RepositoryAddresses.Place) async throws -> State
    ) async throws -> (state: State, remarks: [String]) {
        var refused: [NoGoodSource.Refusal] = []
        for (number, form) in forms.enumerated() {
            var places = all.filter { !$0.isFile || form.count == 1 }
            while !places.isEmpty || refused.isEmpty {
                var asked: RepositoryAddresses.Place?
                do {
                    let (bytes, index) = try await get(form[0], name, from: places)
                    let place = places.remove(at: index)
                    asked = place
                    let signature = form.count > 1 ? try await get(form[1], name, from: [place]).bytes : nil
                    let file = SignedFile(bytes: bytes, signature: signature)
                    if let known, Digest(of: file.stored) != known.digest { throw AnotherSnapshot(known: known) }
                    let state = try await judge(file, place)
                    try await store.insert(file.stored)
                    return (state, refused.map { "\(name): \($0.address) was passed over: \($0.error.what)" })
                } catch let error as TransferErrors {
                    if error.isMissing, refused.isEmpty, number + 1 < forms.count { break }
                    guard asked == nil else {
                        refused.append(NoGoodSource.Refusal(address: asked?.url("") ?? "", error: error))
                        continue
                    }
                    if refused.isEmpty, known == nil || !error.isMissing { throw error }
                    throw NoGoodSource(name: name, refusals: refused, transfer: error)
                } catch let error as any UserError where !(error is FileError) {
                    guard let asked else { throw error }
                    refused.append(NoGoodSource.Refusal(address: asked.url(form[0]), error: error))
                }
            }
            if !refused.isEmpty { break }
        }
        if known == nil, refused.count == 1 { throw refused[0].error }
        throw NoGoodSource(name: name, refusals: refused, transfer: nil)
    }

    /// The bytes of a file, and which of `places` gave it.
    private func get(
        _ path: String, _ name: String, from places: [RepositoryAddresses.Place]
    ) async throws -> (bytes: [UInt8], place: Int) {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        let called = "\(name) \(file)"
        let request = DownloadRequest(
            name: called, sources: places.map { $0.url(path) },
            destination: store.workArea.file(called.map { " /".contains($0) ? "-" : String($0) }.joined()),
            limit: Self.limit, deadline: Self.deadline)
        let downloaded = try await downloader.download(request)
        let bytes = try Files.read(downloaded.destination)
        try Files.remove(downloaded.destination)
        return (bytes, downloaded.source)
    }
}
