import Archives
package import Primitives
package import SystemPackage

/// What a statement beside an image is about: the image, and the files on it that no list on it has.
package enum ImageSubjects {
    /// Those of the image at `path`, which is called `name` and has the digest `digest`.
    ///
    /// - Throws: `ArchiveError` where it can't be read, `EvidenceError` where a list on it can't.
    package static func all(of path: FilePath, called name: String, digest: Digest) throws -> [Resource] {
        let image = try ImageContent(DiscVolume(path))
        let lists = [EvidenceFile.digests, EvidenceFile.signatures].filter(image.has)
        var listed: Set<String> = []
        for list in lists { listed.formUnion(try DigestList(image.bytes(list), called: list).digests.keys) }
        let others = try image.files.filter { image.has($0) && !listed.contains($0) }
            .map { Resource($0, Digest(of: try image.bytes($0))) }
        return [Resource(name, digest)] + others
    }
}
