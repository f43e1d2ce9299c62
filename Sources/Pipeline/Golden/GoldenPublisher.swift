import APT
import BuildGraph
import ContentStore
import Declaration
import Primitives
import SystemPackage

/// Puts golden images into the output folder, as copies that may be written to: a started image changes, and the store's must not.
struct GoldenPublisher {
    let project: Project
    /// "golden-debian-server-v20261128-1a2b3c4"
    let name: String

    private var folder: FilePath { project.declaration.output.folder }
    private var list: FilePath { folder.appending("\(name).sha256sums") }

    /// Lays down the images, and `beside` them what is known of them, by the ending of its name. Whatever is there already, as it is to
    /// be, stays. The list of their digests is signed by `signer`, with the date `epoch` in seconds since 1970.
    func publish(
        _ artifacts: [(format: GoldenFormat, artifact: Artifact)], beside: [(ending: String, content: [UInt8])],
        signer: SigningKey, epoch: Int64
    ) async throws -> (images: [GoldenImages.Image], beside: [String]) {
        try Files.createDirectory(folder)
        var listed = try known()
        var images: [GoldenImages.Image] = []
        for (format, artifact) in artifacts {
            let file = "\(name).\(format.ending)"
            let path = folder.appending(file)
            let isThere =
                try listed[file] == artifact.digest && FileStatus(at: path)?.size == artifact.size.bytes
            if !isThere { try await copy(artifact, to: path) }
            listed[file] = artifact.digest
            let status = try FileStatus(at: path)
            images.append(
                GoldenImages.Image(
                    format: format, path: path, shown: project.workspace.shown(path), size: artifact.size,
                    allocated: ByteCount(min(status?.allocated ?? 0, artifact.size.bytes)), digest: artifact.digest,
                    isNew: !isThere))
        }
        var files: [FilePath] = []
        for (ending, content) in beside {
            let path = folder.appending("\(name).\(ending)")
            if try !Files.exists(path) || Files.read(path) != content { try Files.write(content, to: path) }
            listed["\(name).\(ending)"] = Digest(of: content)
            files.append(path)
        }
        let text = listed.sorted { $0.key < $1.key }.map { "\($0.value.hex)  \($0.key)\n" }.joined()
        let signature = FilePath(list.string + ".asc")
        if try !Files.exists(list) || !Files.exists(signature) || Files.readText(list) != text {
            try Files.write(
                try await signer.detachSign(Array(text.utf8), epoch: max(epoch, SigningKey.creation)), to: signature)
            try Files.write(text.utf8, to: list)
        }
        return (images, ([list, signature] + files).map(project.workspace.shown))
    }

    /// What the list says of files that are there.
    private func known() throws -> [String: Digest] {
        guard Files.exists(list) else { return [:] }
        var known: [String: Digest] = [:]
        for line in try Files.readText(list).split(separator: "\n") {
            let file = String(line.dropFirst(66))
            guard let digest = Digest(hex: String(line.prefix(64))), file.hasPrefix("\(name)."), !file.contains("/"),
                Files.exists(folder.appending(file))
            else { continue }
            known[file] = digest
        }
        return known
    }

    private func copy(_ artifact: Artifact, to path: FilePath) async throws {
        guard try await project.artifacts.fetch(artifact) else { throw DamagedImage() }
        let part = folder.appending(".\(path.lastComponent?.string ?? name).part")
        let source = FilePath(part.string + ".from")
        for file in [part, source] { try Files.remove(file) }
        do {
            try await project.artifacts.materialize(artifact, at: source)
            try await BlockingWork.run { try FileCopy.copy(source, to: part, permissions: 0o600) }
            try Files.remove(source)
            try Task.checkCancellation()
            try Files.rename(part, to: path)
        } catch {
            for file in [part, source] { try Files.remove(file) }
            throw error
        }
    }
}
