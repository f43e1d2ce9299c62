package import Primitives

/// The records of a repository's packages, to be copied into the metadata of a mirror: where each lies in primary.xml.
package struct RepodataRecords {
    private let primary: [UInt8]
    /// By location, as `RepositoryPath.joined` has it.
    private var records: [String: (range: Range<Int>, number: String)] = [:]

    /// Reads an unpacked index; `source` is what errors call it.
    ///
    /// - Throws: `RepodataError`.
    package init(primary: [UInt8], source: String) throws(RepodataError) {
        self.primary = primary
        // What is copied is read as XML then; here it is enough to find it.
        records = try primary.withUnsafeBufferPointer { buffer throws(RepodataError) in
            let bytes = UnsafeRawBufferPointer(buffer)
            var found: [String: (range: Range<Int>, number: String)] = [:]
            var elements = try RepodataElements(bytes, source: source)
            while let range = try elements.next() {
                let element = UnsafeRawBufferPointer(rebasing: bytes[range])
                guard let tag = element.tag("<location "), let place = element.attribute("href", in: tag),
                    let number = element.tag("<checksum "),
                    let end = element.firstIndex(of: "<", from: number.upperBound)
                else { throw RepodataError(source, .missing("location or checksum of a package")) }
                let base = element.attribute("xml:base", in: tag).map(element.plainText)
                let href = element.plainText(place)
                found[RepositoryPath.joined(href, base: base) ?? href] = (
                    range, element.plainText(number.upperBound + 1..<end)
                )
            }
            return found
        }
    }

    /// What the records say of all packages, in the order of the index: for those who have no lock that says it.
    ///
    /// - Throws: `RepodataError` for a record that is none, or has another digest than SHA-256.
    package var stated: [(location: String, size: ByteCount, digest: Digest)] {
        get throws(RepodataError) {
            try primary.withUnsafeBufferPointer { buffer throws(RepodataError) in
                var result: [(location: String, size: ByteCount, digest: Digest)] = []
                for (location, record) in records.sorted(by: { $0.value.range.lowerBound < $1.value.range.lowerBound })
                {
                    let element = try PrimaryElement(
                        UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[record.range]))
                    guard let size = Int64(element.size), let digest = Digest(hex: element.checksum) else {
                        throw RepodataError(element.label, .missing("size or SHA-256"))
                    }
                    result.append((location, ByteCount(size), digest))
                }
                return result
            }
        }
    }

    /// The package whose location is `location`, as a mirror lists it that has it at `path`; nil where there is none. Its files
    /// are those that one of `fileLists` has, or, where there are no lists, those that primary.xml names.
    ///
    /// - Throws: `RepodataError`, as `RepodataPackage` does; also where no list has anything of it.
    package func package(
        at location: String, placedAt path: String, size: ByteCount, digest: Digest, fileLists: [FileListRecords]
    ) throws(RepodataError) -> RepodataPackage? {
        guard let (range, number) = records[location] else { return nil }
        return try primary.withUnsafeBufferPointer { buffer throws(RepodataError) in
            let bytes = UnsafeRawBufferPointer(buffer)
            let element = UnsafeRawBufferPointer(rebasing: bytes[range])
            for list in fileLists {
                let found = try list.withElement(number) { files throws(RepodataError) in
                    try RepodataPackage(primary: element, fileList: files, path: path, size: size, digest: digest)
                }
                if let found { return found }
            }
            guard fileLists.isEmpty else { throw RepodataError(location, .noFileList) }
            return try RepodataPackage(primary: element, fileList: nil, path: path, size: size, digest: digest)
        }
    }
}

/// Where the files of each package lie in a filelists.xml.
package struct FileListRecords {
    private let bytes: [UInt8]
    /// By number.
    private var lists: [String: Range<Int>] = [:]

    /// Reads an unpacked index; `source` is what errors call it.
    ///
    /// - Throws: `RepodataError`.
    package init(_ bytes: [UInt8], source: String) throws(RepodataError) {
        self.bytes = bytes
        lists = try bytes.withUnsafeBufferPointer { buffer throws(RepodataError) in
            let bytes = UnsafeRawBufferPointer(buffer)
            var found: [String: Range<Int>] = [:]
            var elements = try RepodataElements(bytes, source: source)
            while let range = try elements.next() {
                let element = UnsafeRawBufferPointer(rebasing: bytes[range])
                guard let tag = element.tag("<package "), let number = element.attribute("pkgid", in: tag) else {
                    continue
                }
                found[element.plainText(number)] = range
            }
            return found
        }
    }

    /// What `body` makes of the element of the package with this number; nil where there is none.
    fileprivate func withElement<Result>(
        _ number: String, _ body: (UnsafeRawBufferPointer) throws(RepodataError) -> Result
    ) throws(RepodataError) -> Result? {
        guard let range = lists[number] else { return nil }
        return try bytes.withUnsafeBufferPointer { buffer throws(RepodataError) in
            try body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[range]))
        }
    }
}

extension UnsafeRawBufferPointer {
    /// From after `begin` to the `>` of the first tag that begins so.
    fileprivate func tag(_ begin: StaticString) -> Range<Int>? {
        guard let start = firstIndex(of: begin, from: 0), let end = firstIndex(of: ">", from: start) else { return nil }
        return start + begin.utf8CodeUnitCount..<end
    }
}
