import BuildGraph
import ContentStore
import LiveImage
import Primitives
import SystemPackage

/// Where a medium of updates goes: a folder, or an image file.
struct DeltaOutput {
    let path: FilePath
    /// As it was named.
    let shown: String

    /// Whether it is to be one file: by its name.
    var isImage: Bool { [".img", ".iso"].contains { path.string.hasSuffix($0) } }

    /// Throws where something is there that no medium of ours was.
    func check() throws {
        guard let status = try FileStatus(at: path, followsLinks: true) else { return }
        let isOurs =
            switch status.kind {
            case .directory:
                try !isImage && (Files.list(path).isEmpty || Files.exists(path.appending(DeltaPlanner.Place.manifest)))
            case .regular: try isImage && (status.size == 0 || Self.isMedium(path))
            case .symbolicLink, .other: false
            }
        guard isOurs else {
            let what =
                status.kind == .other ? "\(shown) is a device: " : "\(shown) is there, and is no medium of updates: "
            throw Mistake(
                what + "it is left as it is", at: nil,
                hint: status.kind == .other
                    ? "make an image (-o STICK.img), and write that: dd if=STICK.img of=\(shown) bs=4M conv=fsync"
                    : "name another place with -o, or remove this one")
        }
    }

    /// Whether the file is an image whose volume is called as ours are.
    private static func isMedium(_ path: FilePath) throws -> Bool {
        let label = DeltaPlanner.label
        let descriptor = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        return try descriptor.closeAfter {
            // ECMA-119, 8.4: the volume identifier stands at byte 40 of the descriptor in sector 16.
            var name = [UInt8](repeating: 0, count: label.utf8.count)
            let count = try name.withUnsafeMutableBytes {
                try descriptor.read(fromAbsoluteOffset: 16 * 2048 + 40, into: $0)
            }
            return count == name.count && name.elementsEqual(label.utf8)
        }
    }

    /// Puts `artifact` there: first beside it, then by a rename.
    func write(_ artifact: Artifact, from store: any ArtifactStore) async throws {
        guard try await store.fetch(artifact) else { throw DamagedImage() }
        let parent = path.removingLastComponent()
        if !parent.isEmpty { try Files.createDirectory(parent) }
        let part = FilePath(path.string + ".part")
        try Files.remove(part)
        try await store.materialize(artifact, at: part)
        try Files.remove(path)
        try Files.rename(part, to: path)
    }
}
