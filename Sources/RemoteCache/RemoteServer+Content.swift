import ContentStore
import Primitives
import Synchronization
import SystemPackage

// The services ContentAddressableStorage and ByteStream of the Remote Execution API, and ActionCache.
extension RemoteServer {
    private static let storage = "/build.bazel.remote.execution.v2.ContentAddressableStorage/"
    private static let results = "/build.bazel.remote.execution.v2.ActionCache/"
    /// Those of `blobs` that it has not, asked for in lists that fit into a message.
    func missing(of blobs: [Blob]) async throws -> Set<Blob> {
        var missing: Set<Blob> = []
        for start in stride(from: 0, to: blobs.count, by: 20_000) {
            let digests = blobs[start..<min(start + 20_000, blobs.count)].map(DigestMessage.init)
            let answer: BlobListMessage = try await ask(
                Self.storage + "FindMissingBlobs", BlobListMessage(instance: address.instance, digests: digests))
            missing.formUnion(answer.digests.compactMap(\.blob))
        }
        return missing
    }

    /// The bytes of those of `blobs` that it has; they must fit into a message together. Throws `CallFailure`, also where bytes
    /// have another digest than they were asked for by.
    func read(_ blobs: [Blob]) async throws -> [Blob: [UInt8]] {
        let request = BlobListMessage(instance: address.instance, digests: blobs.map(DigestMessage.init))
        let answer: BatchReadAnswer = try await ask(Self.storage + "BatchReadBlobs", request)
        let wanted = Set(blobs)
        var found: [Blob: [UInt8]] = [:]
        for member in answer.blobs {
            guard let blob = member.digest.blob, wanted.contains(blob),
                member.status.code != CallFailure.Code.notFound.rawValue
            else { continue }
            guard member.status.code == 0 else { throw CallFailure(member.status) }
            guard Blob(of: member.data) == blob else { throw CallFailure.otherBytes(blob) }
            found[blob] = member.data
        }
        return found
    }

    /// Stores `blobs`, which must fit into a message together.
    func write(_ blobs: [(blob: Blob, bytes: [UInt8])]) async throws {
        var request = BatchUpdateRequest()
        request.instance = address.instance
        request.blobs = blobs.map { BlobUploadMessage(digest: DigestMessage($0.blob), data: $0.bytes) }
        let answer: BatchUpdateAnswer = try await ask(Self.storage + "BatchUpdateBlobs", request)
        if let failed = answer.members.first(where: { $0.status.code != 0 }) { throw CallFailure(failed.status) }
        guard answer.members.count == blobs.count else {
            throw CallFailure(.internalError, "the server said nothing of some blobs")
        }
    }

    /// Writes the bytes of `blob` after those that `file` has of it already. Throws `CallFailure`, also where they have another
    /// digest or number in the end: then nothing is left of them. They come packed where the server `packs`.
    func read(_ blob: Blob, into file: PartialBlob, packs: Bool) async throws {
        // Servers don't agree what an offset counts in what is packed: the rest comes as it is.
        let isPacked = packs && file.size == 0
        try file.begin(isPacked: isPacked)
        let path = "\(prefix)\(blob.resource(isPacked: isPacked))"
        let request = ReadRequest(resource: path, offset: file.size)
        try await call("/google.bytestream.ByteStream/Read", request, patience: .stream) { message in
            var reader = ProtobufReader(message)
            while let field = try reader.next() {
                if field.number == 10 { try file.append(try field.bytes(), of: blob) }
            }
        }
        try file.finish(blob)
    }

    /// Stores `blob`, which is what the file at `path` has, or has packed with zstd.
    func write(_ blob: Blob, from path: FilePath, isPacked: Bool = false) async throws {
        let upload = try BlobUpload(blob, from: path, isPacked: isPacked, below: prefix)
        let committed = Mutex<Int64?>(nil)
        try await call("/google.bytestream.ByteStream/Write", patience: .stream, length: upload.length) {
            try upload.next()
        } sink: { message in
            let answer = try WriteAnswer(message)
            committed.withLock { $0 = answer.committed }
        }
        // -1 says of a packed blob that it was there already; of one as it is, its size.
        let size = committed.withLock { $0 }
        if size == upload.size || size == -1 { return }
        // A server that gets the blob from somebody else meanwhile ends the call early, and libcurl may lose what it said then.
        guard try await missing(of: [blob]).isEmpty else {
            throw CallFailure(.internalError, "the server took another number of bytes than it was sent")
        }
    }

    private var prefix: String { address.instance.isEmpty ? "" : "\(address.instance)/" }

    /// The result of the action with this digest, with the contents of the files at `inline`, as far as the server likes.
    func result(of action: DigestMessage, inline: [String]) async throws -> ActionResultMessage {
        try await ask(
            Self.results + "GetActionResult",
            GetResultRequest(instance: address.instance, action: action, inlineFiles: inline))
    }

    /// Keeps `result` as that of the action with this digest.
    func update(_ action: DigestMessage, _ result: ActionResultMessage) async throws {
        let _: ActionResultMessage = try await ask(
            Self.results + "UpdateActionResult",
            UpdateResultRequest(instance: address.instance, action: action, result: result))
    }
}

extension Blob {
    /// What ByteStream calls it, below the instance.
    func resource(isPacked: Bool) -> String {
        (isPacked ? "compressed-blobs/zstd/" : "blobs/") + "\(digest.hex)/\(size.bytes)"
    }
}

extension CallFailure {
    init(_ status: StatusMessage) { self.init(Code(rawValue: status.code) ?? .unknown, status.message) }

    /// Bytes that are not those of the digest by which they were asked for.
    static func otherBytes(_ blob: Blob) -> CallFailure {
        CallFailure(.dataLoss, "it sent other bytes than those of \(blob.digest.short), of \(blob.size)")
    }
}
