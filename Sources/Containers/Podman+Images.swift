import BuildGraph
package import Primitives
import SystemPackage

/// The images that containers start from.
extension Podman {
    /// What podman calls `image`, imported or pulled where it is not there yet; once, however many ask at the same time.
    ///
    /// Throws `ContainerError`, and `CancellationError`.
    func provide(_ image: ContainerImage) async throws -> String {
        let reference = try Self.reference(image)
        try await images.value(for: reference) {
            guard try await client.call(PodmanArguments.imageExists(reference)).status != 0 else { return }
            switch image {
            case .rootFilesystem(_, let archive): try await load(archive, as: reference)
            case .registry:
                guard mayPull else { throw ContainerError.imageNotHere(reference) }
                try await pull(reference)
            }
        }
        return reference
    }

    /// Whether podman has the image that a registry calls `reference`. Throws `ContainerError`.
    package func hasImage(_ reference: String) async throws -> Bool {
        let reference = try Self.reference(.registry(reference: reference))
        return try await client.call(PodmanArguments.imageExists(reference)).status == 0
    }

    /// Removes the images of root file systems that are not `keeping`, and are not in use; says how many.
    package func removeImages(keeping: Set<Digest>) async throws -> Int {
        let kept = Set(keeping.map(Self.reference))
        let reply = try await client.call(PodmanArguments.listImages)
        guard reply.status == 0 else {
            throw ContainerError.podmanFailed(action: "list its images", messages: reply.messages)
        }
        // podman lists other names of the same image too.
        let ours = reply.lines.filter(PodmanArguments.isImported)
        var removed = 0
        for reference in ours where !kept.contains(reference) {
            await images.forget(reference)
            if try await client.call(["rmi", reference]).status == 0 { removed += 1 }
        }
        return removed
    }

    private static func reference(_ digest: Digest) -> String {
        "\(PodmanArguments.repository):\(digest.hex.prefix(32))"
    }

    private static func reference(_ image: ContainerImage) throws(ContainerError) -> String {
        switch image {
        case .rootFilesystem(let digest, _): return reference(digest)
        case .registry(let reference):
            let parts = reference.split(separator: "@", omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, parts[1].hasPrefix("sha256:"),
                Digest(hex: String(parts[1].dropFirst(7))) != nil
            else { throw .referenceWithoutDigest(reference) }
            return reference
        }
    }

    private func load(_ archive: FilePath, as reference: String) async throws {
        guard let status = try FileStatus(at: archive) else { throw FileError("read", archive, .noSuchFileOrDirectory) }
        let reply = try await withTemporaryFolder { folder in
            try await client.call(PodmanArguments.import(archive, as: reference), temporary: folder)
        }
        guard reply.status == 0 else {
            throw ContainerError.importFailed(
                archive: archive, messages: reply.messages, storage: await storage(needed: ByteCount(status.size)))
        }
    }

    private func pull(_ reference: String) async throws {
        let reply = try await withTemporaryFolder { folder in
            try await client.call(PodmanArguments.pull(reference), temporary: folder)
        }
        guard reply.status == 0 else {
            throw ContainerError.pullFailed(
                reference: reference, messages: reply.messages, storage: await storage(needed: ByteCount(50_000_000)))
        }
    }

    /// podman writes an image's bytes to a temporary file first, and leaves it there when it is killed: so the folder is ours.
    private func withTemporaryFolder<T>(_ work: (FilePath) async throws -> T) async throws -> T {
        let owner = try ContainerOwner.current()
        let folder = state.appending(
            PodmanArguments.containerName(process: owner.processID, unique: .random(in: 0 ... .max), purpose: "import"))
        try Files.createDirectory(folder)
        do {
            let result = try await work(folder)
            try Files.remove(folder)
            return result
        } catch {
            try Files.remove(folder)
            throw error
        }
    }

    /// Asked only when something failed already; what cannot be found out is left out of the message.
    private func storage(needed: ByteCount) async -> StorageSpace? {
        guard let reply = try? await client.call(PodmanArguments.storage), reply.status == 0 else { return nil }
        let folder = FilePath(reply.text.filter { !$0.isNewline })
        guard let free = try? Files.freeSpace(at: folder) else { return nil }
        return StorageSpace(folder: folder, free: free, needed: needed)
    }
}
