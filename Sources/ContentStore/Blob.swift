package import Primitives
package import SystemPackage

/// The address of some bytes: their digest and how many they are. What the Remote Execution API calls a Digest.
package struct Blob: Hashable, Sendable {
    /// Of all the bytes.
    package let digest: Digest
    /// How many they are; 0 too where nobody noted it, see `ContentStore`.
    package let size: ByteCount

    package init(_ digest: Digest, size: ByteCount) {
        self.digest = digest
        self.size = size
    }

    /// The address of `bytes`.
    package init(of bytes: [UInt8]) { self.init(Digest(of: bytes), size: ByteCount(bytes.count)) }

    /// The address of what is in the file at `path`; reads all of it.
    package init(hashing path: FilePath) throws(FileError) {
        let found = try Files.digest(path)
        self.init(found.digest, size: ByteCount(found.size))
    }
}
