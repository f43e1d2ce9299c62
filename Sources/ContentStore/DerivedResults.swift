package import Primitives
package import SystemPackage

/// What is worked out of what a store has, and kept so that it need not be worked out again: a folder beside the store.
///
/// Removing it, or anything in it, at any moment changes nothing but speed. So nothing here is an error: what is missing or can't
/// be read is made again, and what can't be written is done without. Whoever believes what it says has to protect it himself: by
/// sums, or with a secret.
package struct DerivedResults: Sendable {
    /// A kind of results, which has a folder of its own; whoever makes them names it.
    package struct Kind: Hashable, Sendable {
        /// What its folder is called: "parsed".
        package let name: String

        package init(_ name: String) { self.name = name }
    }

    private let root: FilePath

    /// The results in the folder `root`. Where there is none yet, those of `kinds` are moved there that older versions had in the
    /// folder `older`.
    package init(root: FilePath, taking kinds: [Kind] = [], from older: FilePath? = nil) {
        self.root = root
        guard let older, (try? Files.createNewDirectory(root)) == true else { return }
        for kind in kinds { try? Files.rename(older.appending(kind.name), to: folder(kind)) }
    }

    /// The folder of those of one kind; it may be missing.
    package func folder(_ kind: Kind) -> FilePath { root.appending(kind.name) }

    /// The bytes that were kept as `name`; nil where there are none.
    package func bytes(_ name: String, of kind: Kind) -> [UInt8]? { try? Files.read(folder(kind).appending(name)) }

    /// Keeps `bytes` as `name`, if it can.
    package func keep(_ bytes: some Sequence<UInt8>, as name: String, of kind: Kind) {
        guard (try? Files.createDirectory(folder(kind))) != nil else { return }
        try? Files.write(bytes, to: folder(kind).appending(name))
    }

    /// The files of one kind that `isKept` does not name.
    package func files(of kind: Kind, but isKept: (String) -> Bool) throws(FileError) -> [FilePath] {
        guard Files.exists(folder(kind)) else { return [] }
        return try Files.list(folder(kind)).filter { !isKept($0) }.map { folder(kind).appending($0) }
    }

    /// Of all of them.
    package func size() throws(FileError) -> ByteCount {
        guard Files.exists(root) else { return .zero }
        var files: [FilePath] = []
        for kind in try Files.list(root) {
            if try FileStatus(at: root.appending(kind))?.kind == .directory {
                files += try self.files(of: Kind(kind)) { _ in false }
            }
        }
        return try Self.size(of: files)
    }

    /// Of the plain files at `paths`; what is not there has none.
    package static func size(of paths: [FilePath]) throws(FileError) -> ByteCount {
        var sum = ByteCount.zero
        for path in paths {
            if let status = try FileStatus(at: path), status.kind == .regular { sum += ByteCount(status.size) }
        }
        return sum
    }
}
