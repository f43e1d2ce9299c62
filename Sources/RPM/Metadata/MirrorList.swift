package import Primitives

/// Where the files of a repository can be had: a metalink (RFC 5854's predecessor 3.0, as MirrorManager writes it) or a list of
/// addresses.
package struct MirrorList: Hashable, Sendable {
    /// A state of repomd.xml that the mirrors may have.
    package struct State: Hashable, Sendable {
        /// The digests that are trusted, by kind: in lower case hexadecimal digits.
        package internal(set) var digests: [ChecksumKind: String] = [:]
        /// In bytes; nil where it is not said.
        package internal(set) var size: Int?
        /// Seconds since 1970.
        package internal(set) var timestamp: Int64?

        /// The digest of that kind; nil where it is not among them.
        package var sha256: Digest? { digests[.sha256].flatMap { Digest(hex: $0) } }
    }

    /// Addresses of the repository itself, the most wanted first; none of them ends in a slash.
    package let repositories: [String]
    /// The states of repomd.xml that are good, the newest first; nothing for a plain list, which vouches for none.
    package let states: [State]

    private static let sizeLimit = 16 << 20
    private static let ending = "/repodata/repomd.xml"
    private static let schemes = ["https://", "http://", "file://"]

    /// Reads a metalink. Throws `MetadataError` where it is none, names no repomd.xml with a digest that is trusted, or has no
    /// address that is understood.
    package init(metalink bytes: [UInt8], source: String) throws {
        let handler = MetalinkHandler()
        try XMLStream.read(bytes, source: source, sizeLimit: Self.sizeLimit, handler)
        func fail(_ problem: MetadataError.Problem) -> MetadataError { MetadataError(source: source, problem: problem) }
        guard handler.hasFile else { throw fail(.missing("repomd.xml")) }
        states = handler.states
        guard states.contains(where: { !$0.digests.isEmpty }), states.first.map({ !$0.digests.isEmpty }) == true else {
            throw fail(.noTrustedDigest)
        }
        let wanted = handler.addresses.enumerated().sorted {
            ($1.element.preference, $0.offset) < ($0.element.preference, $1.offset)
        }
        repositories = wanted.map(\.element.address).filter { $0.hasSuffix(Self.ending) }
            .map { String($0.dropLast(Self.ending.count)) }.filter(Self.isAddress)
        guard !repositories.isEmpty else { throw fail(.empty) }
    }

    /// Reads a list of addresses, a line each, `#` starts a comment. Lines of other schemes (rsync://, ftp://), which are there for
    /// other programs, are passed over. Throws where no line is left, and where one has no scheme: that is no list.
    package init(list bytes: [UInt8], source: String) throws(MetadataError) {
        guard bytes.count <= Self.sizeLimit else {
            throw MetadataError(source: source, problem: .tooLarge(limit: Self.sizeLimit))
        }
        var addresses: [String] = []
        for (number, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            var address = line.withUnsafeBytes { String(decoding: $0.trimmed, as: UTF8.self) }
            if address.isEmpty || address.hasPrefix("#") { continue }
            guard Self.isAddress(address) else {
                if Self.isOfAnotherScheme(address) { continue }
                throw MetadataError(
                    source: source, line: number + 1, problem: .badValue("address", String(address.prefix(80))))
            }
            while address.hasSuffix("/") { address.removeLast() }
            addresses.append(address)
        }
        guard !addresses.isEmpty else { throw MetadataError(source: source, problem: .empty) }
        repositories = addresses
        states = []
    }

    /// Whether a file starts as a metalink does; else it is a list.
    package static func isMetalink(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { $0.trimmed.hasPrefix("<") }
    }

    private static func isOfAnotherScheme(_ text: String) -> Bool {
        guard let end = text.firstRange(of: "://")?.lowerBound, !schemes.contains(where: text.hasPrefix) else {
            return false
        }
        let scheme = text[..<end]
        return !scheme.isEmpty && scheme.utf8.allSatisfy { $0.isLetter || $0.isDigit || "+-.".utf8.contains($0) }
    }

    private static func isAddress(_ text: String) -> Bool {
        schemes.contains { text.hasPrefix($0) && text.utf8.count > $0.utf8.count }
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}

final class MetalinkHandler: XMLHandler {
    private(set) var hasFile = false
    private(set) var states: [MirrorList.State] = []
    private(set) var addresses: [(address: String, preference: Int64)] = []
    private var path: [String] = []
    private var isMeant = false
    private var kind: ChecksumKind?
    private var preference: Int64 = 0

    override func start(_ name: UnsafeRawBufferPointer, _ attributes: XMLAttributes, depth: Int) {
        let name = String(decoding: name, as: UTF8.self)
        path.append(name)
        if depth == 0 { return name == "metalink" ? () : fail(.wrongRoot(name)) }
        switch name {
        case "file":
            isMeant = attributes.value("name").map { $0.isSame(as: "repomd.xml") } ?? false
            guard isMeant else { return }
            hasFile = true
            states = [MirrorList.State()]
        case "alternate" where isMeant:
            states.append(MirrorList.State())
            if states.count > 10_000 { fail(.tooMany("states")) }
        case "hash" where isMeant && path.dropLast().last == "verification":
            kind = attributes.value("type").flatMap { ChecksumKind(name: String(decoding: $0, as: UTF8.self)) }
            collect()
        case "size" where isMeant, "timestamp" where isMeant: collect()
        case "url" where isMeant:
            preference = attributes.value("preference").flatMap(\.decimal) ?? 0
            collect()
            if addresses.count > 100_000 { fail(.tooMany("addresses")) }
        default: break
        }
    }

    override func end(_ name: UnsafeRawBufferPointer, depth: Int) {
        path.removeLast()
        if name.isSame(as: "file") { isMeant = false }
        guard collectsText else { return }
        collectsText = false
        text.withUnsafeBytes { bytes in
            let value = bytes.trimmed
            switch String(decoding: name, as: UTF8.self) {
            case "hash":
                guard let kind, kind.isTrusted else { return }
                guard value.count == kind.digits else { return fail(.badValue("digest", Self.excerpt(value))) }
                states[states.count - 1].digests[kind] = String(decoding: value, as: UTF8.self).lowercased()
            case "size":
                guard let size = value.decimal else { return fail(.badValue("size", Self.excerpt(value))) }
                states[states.count - 1].size = Int(size)
            case "timestamp":
                guard let time = value.decimal else { return fail(.badValue("time", Self.excerpt(value))) }
                states[states.count - 1].timestamp = time
            default: addresses.append((String(decoding: value, as: UTF8.self), preference))
            }
        }
    }
}
