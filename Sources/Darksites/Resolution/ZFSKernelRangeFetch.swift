import APT
import Archives
package import BuildGraph
package import ContentStore
import Primitives
import SystemPackage

/// Finds out for which kernels a snapshot's OpenZFS can be built: that stands in the file META of zfs-dkms, which the index
/// does not hold. The package is fetched into the store, where the build needs it anyway, and what it says is kept
/// under its digest, so that no later resolution opens it.
package struct ZFSKernelRangeFetch: Sendable {
    private let store: any ArtifactStore
    private let derived: DerivedResults
    private let fetch: PackageFetch

    package init(store: any ArtifactStore, derived: DerivedResults, fetch: PackageFetch) {
        self.store = store
        self.derived = derived
        self.fetch = fetch
    }

    /// The range of zfs-dkms, of `version`, in `file`; nil where the package says none.
    package func range(of file: ArchiveFile, version: String) async throws -> ZFSKernelRange? {
        if let known = derived.bytes(file.digest.hex, of: .zfsKernels),
            let range = ZFSKernelRange(meta: String(decoding: known, as: UTF8.self), zfs: version)
        {
            return range
        }
        try await fetch.fetch([file], into: store)
        // Not in the store's work area, which is that of the holder of its lock.
        let folder = try PrivateFolder()
        let path = folder.path.appending(file.name)
        try await store.materialize(Artifact(file: file.blob), at: path)
        let meta = try await BlockingWork.run { try Self.meta(in: path) }
        withExtendedLifetime(folder) {}
        guard let meta, let range = ZFSKernelRange(meta: meta, zfs: version)
        else { return nil }
        let note = "Linux-Minimum: \(range.minimum)\nLinux-Maximum: \(range.maximum)\n"
        derived.keep(note.utf8, as: file.digest.hex, of: .zfsKernels)
        return range
    }

    /// The text of usr/src/zfs-VERSION/META.
    private static func meta(in package: FilePath) throws -> String? {
        var text: String?
        try DebFile(package).forEachEntry { entry, content throws(ArchiveError) in
            let parts = entry.displayPath.split(separator: "/").drop { $0 == "." }
            guard text == nil, case .file(let size) = entry.kind, size < 1 << 20, parts.count == 4,
                parts.last == "META",
                parts.dropLast().elementsEqual(["usr", "src"] + parts.dropFirst(2).prefix(1)),
                parts.dropFirst(2).first?.hasPrefix("zfs-") == true
            else { return }
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(size), alignment: 8)
            defer { buffer.deallocate() }
            let count = try content.read(into: buffer)
            text = String(decoding: buffer[..<count], as: UTF8.self)
        }
        return text
    }
}
