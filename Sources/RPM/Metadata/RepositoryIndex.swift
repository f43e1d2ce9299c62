import Archives
package import Primitives

/// The metadata files of a repository: repomd.xml.
package struct RepositoryIndex: Hashable, Sendable {
    /// One of its metadata files.
    package struct File: Hashable, Sendable {
        /// "primary", "filelists", "group", "modules", …
        package let type: String
        /// The path below the repository; it never leads out of it.
        package let location: String
        /// Of the primary index always one that is trusted.
        package let checksumKind: ChecksumKind
        /// In lower case hexadecimal digits.
        package let checksum: String
        /// In bytes; nil where it is not said.
        package let size: Int?
        /// Of the unpacked file, where they are said.
        package let openChecksum: (kind: ChecksumKind, digits: String)?
        /// Of the unpacked file, in bytes; nil where it is not said.
        package let openSize: Int?

        package static func == (a: File, b: File) -> Bool {
            a.type == b.type && a.location == b.location && a.checksum == b.checksum && a.size == b.size
                && a.openSize == b.openSize
        }

        package func hash(into hasher: inout Hasher) { hasher.combine(checksum) }

        /// The digest; nil where it is of another kind than SHA-256.
        package var sha256: Digest? { checksumKind == .sha256 ? Digest(hex: checksum) : nil }
    }

    /// What the repository calls its state: a time in most, "9-stream" in some. Nothing where it is missing.
    package let revision: String
    /// In the order of the file.
    package let files: [File]
    /// "CentOS Stream 9", where it says so.
    package let distributions: [String]
    /// The newest of its files' times, in seconds since 1970; nil where none is said.
    package let timestamp: Int64?

    private static let sizeLimit = 16 << 20

    /// Reads a repomd.xml. Throws `MetadataError` where it is none, where it lacks a primary index, where a path leads out of
    /// the repository, and where a digest is of a kind that vouches for nothing.
    package init(reading bytes: [UInt8], source: String) throws {
        let handler = RepositoryIndexHandler()
        try XMLStream.read(bytes, source: source, sizeLimit: Self.sizeLimit, handler)
        revision = handler.revision
        files = handler.files
        distributions = handler.distributions
        timestamp = handler.timestamp
        func fail(_ problem: MetadataError.Problem) -> MetadataError { MetadataError(source: source, problem: problem) }
        guard let primary = file("primary") else { throw fail(.missing("the primary index")) }
        guard primary.checksumKind.isTrusted else { throw fail(.noTrustedDigest) }
    }

    /// The file of a type; createrepo may offer several forms of one, of which XML and YAML are read here.
    package func file(_ type: String) -> File? { files.first { $0.type == type } }
    /// The forms of the groups, of which any will do; the smallest first.
    package var groups: [File] { ["group_xz", "group_zst", "group_gz", "group"].compactMap(file) }
}

final class RepositoryIndexHandler: XMLHandler {
    private(set) var revision = ""
    private(set) var files: [RepositoryIndex.File] = []
    private(set) var distributions: [String] = []
    private(set) var timestamp: Int64?
    private var type: String?
    private var location: String?
    private var checksum: (kind: ChecksumKind, digits: String)?
    private var openChecksum: (kind: ChecksumKind, digits: String)?
    private var kind: ChecksumKind?
    private var size: Int?
    private var openSize: Int?

    override func start(_ name: UnsafeRawBufferPointer, _ attributes: XMLAttributes, depth: Int) {
        switch depth {
        case 0: if !name.isSame(as: "repomd") { fail(.wrongRoot(Self.excerpt(name))) }
        case 1:
            if name.isSame(as: "revision") { collect() }
            guard name.isSame(as: "data") else { return }
            type = attributes.value("type").map { String(decoding: $0, as: UTF8.self) }
            if type == nil { fail(.missing("the type of a file")) }
            (location, checksum, openChecksum, size, openSize) = (nil, nil, nil, nil, nil)
            if files.count > 1000 { fail(.tooMany("files")) }
        case 2:
            if name.isSame(as: "distro") { return collect() }
            guard type != nil else { return }
            if name.isSame(as: "location") {
                guard let path = attributes.value("href") else { return }
                guard RepositoryPath.isSafe(path) else { return fail(.unsafePath(Self.excerpt(path))) }
                location = String(decoding: path, as: UTF8.self)
            } else if name.isSame(as: "checksum") || name.isSame(as: "open-checksum") {
                kind = attributes.value("type").flatMap { ChecksumKind(name: String(decoding: $0, as: UTF8.self)) }
                if kind == nil { return fail(.badValue("kind of digest", "\(type ?? "")")) }
                collect()
            } else if name.isSame(as: "size") || name.isSame(as: "open-size") || name.isSame(as: "timestamp") {
                collect()
            }
        default: break
        }
    }

    override func end(_ name: UnsafeRawBufferPointer, depth: Int) {
        if collectsText, depth == 1 || depth == 2 {
            collectsText = false
            text.withUnsafeBytes { take($0.trimmed, of: name) }
        }
        guard depth == 1, name.isSame(as: "data"), let type else { return }
        self.type = nil
        guard let location else { return fail(.missing("the location of \(type)")) }
        guard let checksum else { return fail(.missing("the digest of \(type)")) }
        files.append(
            RepositoryIndex.File(
                type: type, location: location, checksumKind: checksum.kind, checksum: checksum.digits, size: size,
                openChecksum: openChecksum, openSize: openSize))
    }

    private func take(_ value: UnsafeRawBufferPointer, of name: UnsafeRawBufferPointer) {
        if name.isSame(as: "revision") {
            revision = String(decoding: value, as: UTF8.self)
        } else if name.isSame(as: "distro") {
            distributions.append(String(decoding: value, as: UTF8.self))
        } else if name.isSame(as: "checksum") || name.isSame(as: "open-checksum") {
            guard let kind, value.count == kind.digits, value.allSatisfy({ $0.isDigit || ($0 | 0x20) &- 0x61 < 6 })
            else {
                return fail(.badValue("digest", Self.excerpt(value)))
            }
            let found = (kind, String(decoding: value, as: UTF8.self).lowercased())
            if name.count == 8 { checksum = found } else { openChecksum = found }
        } else if name.isSame(as: "timestamp") {
            // Some write fractions.
            let whole = value.slice(0..<(value.firstIndex(of: UInt8(ascii: ".")) ?? value.count))
            guard let seconds = whole.decimal else { return fail(.badValue("time", Self.excerpt(value))) }
            timestamp = max(timestamp ?? 0, seconds)
        } else {
            guard let number = value.decimal else { return fail(.badValue("size", Self.excerpt(value))) }
            if name.count == 4 { size = Int(number) } else { openSize = Int(number) }
        }
    }
}
