import APT
import BuildGraph
import ContentStore
import Declaration
import Evidence
package import Primitives
package import SystemPackage

/// An image in the output folder.
package struct PublishedImage: Sendable {
    /// In the output folder: "kldload-free-debian-server-amd64-20261120-4f2c1d9.iso".
    package let path: FilePath
    /// As people in the checkout know it.
    package let shown: String
    /// Of the whole file; its first digits end the name.
    package let digest: Digest
    /// Of the file.
    package let size: ByteCount
    /// Whether this build put it there.
    package let isNew: Bool
}

/// What is known of an image, and lies beside it.
struct ImageEvidence {
    /// The bill of materials in the formats of SPDX and CycloneDX.
    let spdx: Artifact
    let cycloneDX: Artifact
    /// How it came to be.
    let provenance: Provenance
}

/// Puts finished images into the output folder, each with its evidence, its checksum file and the signature of that, and keeps the last
/// few.
struct ImagePublisher {
    let project: Project
    /// In the name of an image that was not proven.
    static let draftMark = "-draft"

    /// The name ends in the first digits of the image's own digest, so that no image ever takes the place of another one. The
    /// checksum file is signed by `signer`, with the date `epoch` in seconds since 1970.
    func publish(
        _ artifact: Artifact, named name: String, evidence: ImageEvidence? = nil, signer: SigningKey, epoch: Int64
    ) async throws -> PublishedImage {
        let folder = project.declaration.output.folder
        let file = "\(name)-\(artifact.digest.short).iso"
        let path = folder.appending(file)
        let checksum = folder.appending(PublishedFiles.checksum(of: file))
        let signature = folder.appending(PublishedFiles.signature(of: file))
        let text = PublishedFiles.checksumText(artifact.digest, of: file)
        let isThere = try FileStatus(at: path)?.size == artifact.size.bytes && Files.exists(checksum)
        if !isThere {
            guard try await project.artifacts.fetch(artifact) else { throw DamagedImage() }
            try Files.createDirectory(folder)
            let part = folder.appending(PublishedFiles.part(of: file))
            try Files.remove(part)
            try await project.artifacts.materialize(artifact, at: part)
            try await publish(evidence, of: part, file, artifact.digest, signer, epoch)
            try Files.write(text, to: checksum)
            try Files.write(try await sign(text, signer, epoch), to: signature)
            try Files.rename(part, to: path)
            try prune(folder, keeping: file)
        } else {
            try await publish(evidence, of: path, file, artifact.digest, signer, epoch)
            if !Files.exists(signature) { try Files.write(try await sign(text, signer, epoch), to: signature) }
        }
        return PublishedImage(
            path: path, shown: project.workspace.shown(path), digest: artifact.digest, size: artifact.size,
            isNew: !isThere)
    }

    /// Lays beside the image called `file`, whose bytes are at `path`, what is not there: there may be results of tests among the
    /// statements.
    private func publish(
        _ evidence: ImageEvidence?, of path: FilePath, _ file: String, _ digest: Digest, _ signer: SigningKey,
        _ epoch: Int64
    ) async throws {
        guard let evidence else { return }
        let folder = project.declaration.output.folder
        for (name, artifact) in [
            (PublishedFiles.spdx(of: file), evidence.spdx), (PublishedFiles.cycloneDX(of: file), evidence.cycloneDX),
        ] where !Files.exists(folder.appending(name)) {
            // What the store has lost lies on the image all the same.
            guard try await project.artifacts.fetch(artifact) else { continue }
            try Files.write(try await project.artifacts.bytes(of: artifact.blob), to: folder.appending(name))
        }
        let statements = folder.appending(PublishedFiles.statements(of: file))
        guard !Files.exists(statements) else { return }
        let subjects = try await BlockingWork.run { try ImageSubjects.all(of: path, called: file, digest: digest) }
        let envelope = try await signer.envelope(
            evidence.provenance.statement(of: subjects), epoch: max(epoch, SigningKey.creation))
        try Files.write(envelope.line, to: statements)
    }

    private func sign(_ text: [UInt8], _ signer: SigningKey, _ epoch: Int64) async throws -> [UInt8] {
        try await signer.detachSign(text, epoch: max(epoch, SigningKey.creation))
    }

    /// Removes the oldest images of ours beyond the declared number; drafts take the place of drafts only.
    private func prune(_ folder: FilePath, keeping newest: String) throws {
        let isDraft = newest.contains(Self.draftMark + "-")
        let files = PublishedFiles(folder: folder)
        let byAge = try files.datedImages().filter {
            $0.name != newest && $0.name.contains(Self.draftMark + "-") == isDraft
        }.sorted { ($0.time, $0.name) > ($1.time, $1.name) }
        for image in byAge.dropFirst(max(project.declaration.output.keep - 1, 0)) { try files.remove(image.name) }
    }
}

/// An image whose bytes in the store are not what they were; they are removed by then.
struct DamagedImage: UserError {
    var what: String { "the image in the store is damaged" }
    var hint: String? { "build again: it is made anew" }
}
