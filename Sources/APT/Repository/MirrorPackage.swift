package import Primitives

/// A package as a mirror's index lists it.
package struct MirrorPackage: Sendable {
    /// Of the field Package.
    package let name: String
    /// Of the field Version, as it is spelled there.
    package let version: String
    /// Of the field Architecture: "amd64", "all".
    package let architecture: String
    /// Below the mirror's root: "pool/main/h/htop/htop_3.4.1-5_amd64.deb".
    package let path: String
    /// Of the file.
    package let digest: Digest
    /// What goes into Packages; ends with a newline.
    package let stanza: [UInt8]

    /// A package of another archive.
    ///
    /// `stanza` is that archive's own; it stays as it is, fields unknown here too, but for Filename, which becomes `path`.
    ///
    /// - Throws: `MirrorError` where the stanza lacks Package, Version or Architecture, or where its Size or SHA256
    ///   are not `size` and `digest`.
    package init(stanza: [UInt8], path: String, size: ByteCount, digest: Digest) throws(MirrorError) {
        try self.init(stanza, path, size, digest, extra: [])
    }

    /// A package built here, of which there is only the control paragraph of the .deb: Filename, Size and SHA256 are added.
    package init(
        controlParagraph: [UInt8], path: String, size: ByteCount, digest: Digest
    ) throws(MirrorError) {
        try self.init(controlParagraph, path, size, digest, extra: ["Size: \(size.bytes)", "SHA256: \(digest.hex)"])
    }

    private init(
        _ source: [UInt8], _ path: String, _ size: ByteCount, _ digest: Digest, extra: [String]
    ) throws(MirrorError) {
        let region = ByteRegion(source)
        let bytes = region.bytes
        var scanner = Deb822Scanner(lenient: true)
        var fields: [String: String] = [:]
        let line = Array("Filename: \(path)\n".utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + line.count + 100)
        var hasFileName = false
        scanning: while true {
            let event: Deb822Scanner.Event
            do { event = try scanner.next(in: bytes) } catch {
                throw MirrorError(package: fields["package"] ?? "a package", problem: .stanza("\(error)"))
            }
            switch event {
            case .field(let name, let value):
                if bytes.equals(name, ignoringCase: "filename") {
                    if !hasFileName { result += line }
                    hasFileName = true
                    continue
                }
                // Comments, and lines that are no field, stay behind.
                result += bytes[name.lowerBound..<scanner.position]
                if result.last != 0x0A { result.append(0x0A) }
                if let key = Self.known.first(where: { bytes.equals(name, ignoringCase: $0) }) {
                    fields["\(key)"] = region.text(value)
                }
            case .endOfStanza, .end: break scanning
            }
        }
        let label = [fields["package"] ?? "a package", fields["version"], fields["architecture"]]
            .compactMap { $0 }.joined(separator: " ")
        func field(_ key: String, _ title: String) throws(MirrorError) -> String {
            guard let value = fields[key], !value.isEmpty else {
                throw MirrorError(package: label, problem: .missingField(title))
            }
            return value
        }
        name = try field("package", "Package")
        version = try field("version", "Version")
        architecture = try field("architecture", "Architecture")
        if extra.isEmpty {
            let stated = try field("size", "Size")
            guard stated == "\(size.bytes)" else {
                throw MirrorError(
                    package: label, problem: .mismatch(field: "Size", stanza: stated, file: "\(size.bytes)"))
            }
            let hex = try field("sha256", "SHA256")
            guard Digest(hex: hex) == digest else {
                throw MirrorError(package: label, problem: .mismatch(field: "SHA256", stanza: hex, file: digest.hex))
            }
        } else if let given = ["size", "sha256"].first(where: { fields[$0] != nil }) {
            throw MirrorError(package: label, problem: .stanza("a control paragraph has no field \(given)"))
        }
        guard Self.isSafe(path) else { throw MirrorError(package: label, problem: .path(path)) }
        if !hasFileName { result += line }
        for text in extra { result += Array(text.utf8) + [0x0A] }
        stanza = result
        self.path = path
        self.digest = digest
    }

    /// The fields that are looked at, in lower case.
    private static let known: [StaticString] = ["package", "version", "architecture", "size", "sha256"]

    private static func isSafe(_ path: String) -> Bool {
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return path.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
            && parts.allSatisfy { !$0.isEmpty && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8) }
    }
}
