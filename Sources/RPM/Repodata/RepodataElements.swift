/// Where the elements `package` lie in an unpacked index: primary.xml or filelists.xml.
///
/// It only looks for where they begin and end; `RepodataPackage` reads what it is given as XML.
package struct RepodataElements {
    /// The index, as people know it.
    private let source: String
    private let bytes: UnsafeRawBufferPointer
    private var position: Int

    /// Looks at the beginning of `bytes`: the root must be `metadata` or `filelists`, and names must mean in it what they mean
    /// in the mirror's own index, so that elements can be copied.
    ///
    /// - Throws: `RepodataError`.
    package init(_ bytes: UnsafeRawBufferPointer, source: String) throws(RepodataError) {
        self.source = source
        self.bytes = bytes
        position = 0
        try skipProlog()
        let roots: [(StaticString, [(StaticString, StaticString)])] = [
            ("metadata", [("xmlns", XMLNamespace.common), ("xmlns:rpm", XMLNamespace.rpm)]),
            ("filelists", [("xmlns", XMLNamespace.fileLists)]),
        ]
        do throws(MarkupScanner.Malformed) {
            var scanner = MarkupScanner(at: position)
            guard case .start(let name, let attributes, _, _) = try scanner.next(in: bytes),
                let root = roots.first(where: { bytes[name].elementsEqual("\($0.0)".utf8) })
            else { throw MarkupScanner.Malformed(what: "another root than metadata or filelists", offset: position) }
            for (key, namespace) in root.1 {
                guard let value = bytes.attribute(key, in: attributes), bytes[value].elementsEqual("\(namespace)".utf8)
                else {
                    throw MarkupScanner.Malformed(what: "no \(key)=\"\(namespace)\" in its root", offset: position)
                }
            }
            position = scanner.position
        } catch {
            throw RepodataError(source, .markup(error.what, offset: error.offset))
        }
    }

    /// Where the next element is; nil after the last one.
    package mutating func next() throws(RepodataError) -> Range<Int>? {
        guard let start = bytes.firstIndex(of: "<package ", from: position) else { return nil }
        guard let end = bytes.firstIndex(of: "</package>", from: start) else {
            throw RepodataError(source, .markup("it ends too early", offset: bytes.count))
        }
        position = end + 10
        return start..<position
    }

    /// `<?xml …?>`, in UTF-8, and comments.
    private mutating func skipProlog() throws(RepodataError) {
        if bytes.hasBytes("\u{FEFF}", at: 0) { position = 3 }
        while position < bytes.count {
            if bytes[position] <= 0x20 {
                position += 1
            } else if bytes.hasBytes("<?xml ", at: position), let end = bytes.firstIndex(of: "?>", from: position) {
                if let encoding = bytes.attribute("encoding", in: position + 6..<end),
                    !["utf-8", "us-ascii"].contains(String(decoding: bytes[encoding], as: UTF8.self).lowercased())
                {
                    throw RepodataError(source, .markup("another encoding than UTF-8", offset: position))
                }
                position = end + 2
            } else {
                return
            }
        }
    }
}

/// The names of the vocabularies of metadata.
enum XMLNamespace {
    static let common: StaticString = "http://linux.duke.edu/metadata/common"
    static let rpm: StaticString = "http://linux.duke.edu/metadata/rpm"
    static let fileLists: StaticString = "http://linux.duke.edu/metadata/filelists"
    static let repomd: StaticString = "http://linux.duke.edu/metadata/repo"
}
