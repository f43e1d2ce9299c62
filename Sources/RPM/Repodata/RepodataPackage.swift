package import Primitives

/// A package as the metadata of a mirror lists it: upstream's own records of it, with its place in the mirror.
package struct RepodataPackage: Sendable {
    /// "bash"
    package let name: String
    /// `epoch:version-release`, always with the epoch, as the record has it.
    package let version: String
    /// "x86_64" or "noarch".
    package let architecture: String
    /// Below the mirror's root: "Packages/b/bash-5.1.8-9.el9.x86_64.rpm".
    package let path: String
    /// Of the file: upstream may have another kind.
    package let digest: Digest
    /// The element `package` of primary.xml.
    let primary: [UInt8]
    /// The element `package` of filelists.xml; nil where upstream's was not read.
    let fileList: [UInt8]?

    /// A package of upstream's, whose elements `primary` and `fileList` stay as they are but for three things: the location, which
    /// becomes `path` in this mirror; and the digest and the number by which the two are told to belong together, which become
    /// the file's SHA-256, whatever digest upstream uses.
    ///
    /// The elements must come from documents with the namespaces that `RepodataRoot` checks.
    ///
    /// - Throws: `RepodataError` where an element is no whole one, or contradicts `size`, or `digest` if it has a SHA-256; where
    ///   they are of two packages; where `path` can't be a path.
    package init(
        primary: UnsafeRawBufferPointer, fileList: UnsafeRawBufferPointer?, path: String, size: ByteCount,
        digest: Digest
    ) throws(RepodataError) {
        let record = try PrimaryElement(primary)
        let label = record.label
        guard Self.isSafe(path) else { throw RepodataError(label, .path(path)) }
        guard record.size == "\(size.bytes)" else {
            throw RepodataError(label, .mismatch("size", record: record.size, file: "\(size.bytes)"))
        }
        if record.checksumKind == "sha256", Digest(hex: record.checksum) != digest {
            throw RepodataError(label, .mismatch("SHA-256", record: record.checksum, file: digest.hex))
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(primary.count + 200)
        var rest = 0
        let checksum = "<checksum type=\"sha256\" pkgid=\"YES\">\(digest.hex)</checksum>"
        let location = "<location href=\"\(XMLText.escaped(path))\"/>"
        for (range, text) in [(record.checksumElement, checksum), (record.locationElement, location)].sorted(by: {
            $0.0.lowerBound < $1.0.lowerBound
        }) {
            bytes += primary[rest..<range.lowerBound]
            bytes += text.utf8
            rest = range.upperBound
        }
        bytes += primary[rest...]
        self.primary = bytes
        (name, version, architecture) = (record.name, record.version, record.architecture)
        self.path = path
        self.digest = digest
        guard let fileList else {
            self.fileList = nil
            return
        }
        self.fileList = try Self.fileList(fileList, of: record, digest, label)
    }

    /// The element of filelists.xml, with the new number.
    private static func fileList(
        _ bytes: UnsafeRawBufferPointer, of record: PrimaryElement, _ digest: Digest, _ label: String
    ) throws(RepodataError) -> [UInt8] {
        var scanner = MarkupScanner()
        var identifier: Range<Int>?
        var names: [String] = []
        do throws(MarkupScanner.Malformed) {
            scanning: while true {
                switch try scanner.next(in: bytes) {
                case .start(let name, let attributes, _, _) where identifier == nil:
                    guard bytes[name].elementsEqual("package".utf8),
                        let found = bytes.attribute("pkgid", in: attributes)
                    else { throw MarkupScanner.Malformed(what: "no package with a number", offset: 0) }
                    identifier = found
                    for key: StaticString in ["name", "arch"] {
                        names.append(bytes.attribute(key, in: attributes).map(bytes.plainText) ?? "")
                    }
                case .finished: break scanning
                default: break
                }
            }
        } catch {
            throw RepodataError(label, .markup("in the index of files: " + error.what, offset: error.offset))
        }
        guard let identifier else { throw RepodataError(label, .noFileList) }
        let number = String(decoding: bytes[identifier], as: UTF8.self)
        guard number == record.checksum, names == [record.name, record.architecture] else {
            throw RepodataError(
                label, .mismatch("number", record: record.checksum, file: "\(number) in the index of files"))
        }
        try RepodataPackage.checkUTF8(bytes, label)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + 64)
        result += bytes[..<identifier.lowerBound]
        result += digest.hex.utf8
        result += bytes[identifier.upperBound..<scanner.position]
        return result
    }

    static func checkUTF8(_ bytes: UnsafeRawBufferPointer, _ label: String) throws(RepodataError) {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw RepodataError(label, .markup("bytes that are no UTF-8", offset: 0))
        }
    }

    static func isSafe(_ path: String) -> Bool {
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return path.utf8.count < 4096 && path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }
            && parts.allSatisfy { !$0.isEmpty && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8) }
    }
}

/// The parts of an element `package` of primary.xml that a mirror looks at or replaces.
struct PrimaryElement {
    private(set) var name = ""
    private(set) var architecture = ""
    private(set) var version = ""
    private(set) var size = ""
    private(set) var checksum = ""
    private(set) var checksumKind = ""
    private(set) var checksumElement = 0..<0
    private(set) var locationElement = 0..<0
    /// The path that upstream has it at.
    private(set) var location = ""

    var label: String { name.isEmpty ? "a package" : "\(name) \(version) \(architecture)" }

    init(_ bytes: UnsafeRawBufferPointer) throws(RepodataError) {
        do throws(MarkupScanner.Malformed) {
            try read(bytes)
        } catch {
            throw RepodataError(label, .markup(error.what, offset: error.offset))
        }
        func needs(_ what: String, _ value: some Collection) throws(RepodataError) {
            if value.isEmpty { throw RepodataError(label, .missing(what)) }
        }
        try needs("name", name)
        try needs("arch", architecture)
        try needs("version", version)
        try needs("checksum", checksum)
        try needs("size", size)
        try needs("location", location)
        try RepodataPackage.checkUTF8(bytes, label)
    }

    private mutating func read(_ bytes: UnsafeRawBufferPointer) throws(MarkupScanner.Malformed) {
        var scanner = MarkupScanner()
        var isFirst = true
        var element = 0..<0
        var start = 0
        var text = 0..<0
        while true {
            switch try scanner.next(in: bytes) {
            case .start(let name, let attributes, let tag, let isEmpty):
                // A prefix means what the root of its document says, and the mirror's root says it of this one alone.
                guard !bytes[name].contains(UInt8(ascii: ":")) || bytes.hasBytes("rpm:", at: name.lowerBound) else {
                    throw MarkupScanner.Malformed(what: "another vocabulary", offset: tag.lowerBound)
                }
                if isFirst {
                    guard bytes[name].elementsEqual("package".utf8), tag.lowerBound == 0 else {
                        throw MarkupScanner.Malformed(what: "an element that is no package", offset: tag.lowerBound)
                    }
                    isFirst = false
                    continue
                }
                guard scanner.depth == (isEmpty ? 1 : 2) else { continue }
                (element, start, text) = (name, tag.lowerBound, tag.upperBound..<tag.upperBound)
                try read(bytes, name, attributes, tag, isEmpty: isEmpty)
            case .text(let range): if scanner.depth == 2 { text = range }
            case .end(_, let tag):
                guard scanner.depth == 1 else { continue }
                try finish(bytes, element, text: text, whole: start..<tag.upperBound)
            case .finished:
                guard scanner.position == bytes.count else {
                    throw MarkupScanner.Malformed(what: "something after its end", offset: scanner.position)
                }
                return
            }
        }
    }

    /// What the attributes of a child say.
    private mutating func read(
        _ bytes: UnsafeRawBufferPointer, _ name: Range<Int>, _ attributes: Range<Int>, _ tag: Range<Int>, isEmpty: Bool
    ) throws(MarkupScanner.Malformed) {
        func attribute(_ key: StaticString) -> String? { bytes.attribute(key, in: attributes).map(bytes.plainText) }
        switch bytes[name] {
        case "version":
            version = "\(attribute("epoch") ?? "0"):\(attribute("ver") ?? "")-\(attribute("rel") ?? "")"
        case "size": size = attribute("package") ?? ""
        case "checksum": checksumKind = attribute("type") ?? ""
        case "location":
            guard location.isEmpty else {
                throw MarkupScanner.Malformed(what: "a second location", offset: tag.lowerBound)
            }
            location = attribute("href") ?? ""
            if isEmpty { locationElement = tag }
        default: break
        }
    }

    /// What the text of a child says.
    private mutating func finish(
        _ bytes: UnsafeRawBufferPointer, _ name: Range<Int>, text: Range<Int>, whole: Range<Int>
    ) throws(MarkupScanner.Malformed) {
        switch bytes[name] {
        case "name": self.name = bytes.plainText(text)
        case "arch": architecture = bytes.plainText(text)
        case "location": locationElement = whole
        case "checksum":
            guard checksum.isEmpty else {
                throw MarkupScanner.Malformed(what: "a second checksum", offset: whole.lowerBound)
            }
            checksum = bytes.plainText(text)
            checksumElement = whole
        default: break
        }
    }
}

private func ~= (pattern: StaticString, bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
    bytes.count == pattern.utf8CodeUnitCount && bytes.base.hasBytes(pattern, at: bytes.startIndex)
}

/// Text as it stands in XML.
enum XMLText {
    /// `text` as it stands in an attribute between double quotes, or between tags.
    static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { [0x26, 0x3C, 0x3E, 0x22, 0x27].contains($0) }) else { return text }
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&apos;"
            default: result.append(character)
            }
        }
        return result
    }
}
