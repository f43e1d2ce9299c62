package import Primitives

/// The records of a repository's packages, to be copied into the metadata of a mirror: where each lies in primary.xml and
/// filelists.xml.
package struct RepodataRecords {
    private let primary: [UInt8]
    private let fileLists: [UInt8]?
    /// By location.
    private var records: [String: (range: Range<Int>, number: String)] = [:]
    /// By number.
    private var lists: [String: Range<Int>] = [:]

    /// Reads unpacked indexes; `source` is what errors call the first.
    ///
    /// - Throws: `RepodataError`.
    package init(primary: [UInt8], fileLists: [UInt8]?, source: String) throws(RepodataError) {
        self.primary = primary
        self.fileLists = fileLists
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
                found[element.plainText(place)] = (range, element.plainText(number.upperBound + 1..<end))
            }
            return found
        }
        guard let fileLists else { return }
        lists = try fileLists.withUnsafeBufferPointer { buffer throws(RepodataError) in
            let bytes = UnsafeRawBufferPointer(buffer)
            var found: [String: Range<Int>] = [:]
            var elements = try RepodataElements(bytes, source: "the index of files that belongs to \(source)")
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

    /// The package whose location is `location`, as a mirror lists it that has it at `path`; nil where there is none.
    ///
    /// - Throws: `RepodataError`, as `RepodataPackage` does; also where the index of files has nothing of it.
    package func package(
        at location: String, placedAt path: String, size: ByteCount, digest: Digest
    ) throws(RepodataError) -> RepodataPackage? {
        guard let (range, number) = records[location] else { return nil }
        return try primary.withUnsafeBufferPointer { buffer throws(RepodataError) in
            let bytes = UnsafeRawBufferPointer(buffer)
            let element = UnsafeRawBufferPointer(rebasing: bytes[range])
            guard let fileLists else {
                return try RepodataPackage(primary: element, fileList: nil, path: path, size: size, digest: digest)
            }
            guard let list = lists[number] else { throw RepodataError(location, .noFileList) }
            return try fileLists.withUnsafeBufferPointer { buffer throws(RepodataError) in
                let bytes = UnsafeRawBufferPointer(buffer)
                return try RepodataPackage(
                    primary: element, fileList: UnsafeRawBufferPointer(rebasing: bytes[list]), path: path, size: size,
                    digest: digest)
            }
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
