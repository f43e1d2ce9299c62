/// Arrays of plain values as flat memory without pointers: written to a file and mapped again, they are the same.
///
/// It starts with the offset, the number and the size of the elements of each section, as native UInt64; the sections follow,
/// aligned to 16 bytes.
package struct FlatSections {
    /// All of the bytes, header and sections; they live as long as this does.
    package let region: ByteRegion
    private let count: Int

    /// The sections in `region`; nil where it is too short for `count` of them.
    package init?(_ region: ByteRegion, count: Int) {
        guard region.count >= count * 24 else { return nil }
        self.region = region
        self.count = count
    }

    /// Section `number`; nil where it does not lie in the region or holds elements of another size. What is in it is not
    /// looked at.
    package func section<Element: BitwiseCopyable>(
        _ number: Int, of type: Element.Type
    ) -> UnsafeBufferPointer<Element>? {
        let bytes = region.bytes
        func word(_ place: Int) -> UInt64 {
            bytes.loadUnaligned(fromByteOffset: (number * 3 + place) * 8, as: UInt64.self)
        }
        guard number < count, let offset = Int(exactly: word(0)), let elements = Int(exactly: word(1)),
            word(2) == UInt64(MemoryLayout<Element>.stride), elements <= Int(Int32.max), offset % 16 == 0,
            offset <= bytes.count, elements * MemoryLayout<Element>.stride <= bytes.count - offset
        else { return nil }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + elements * MemoryLayout<Element>.stride])
            .bindMemory(to: type)
    }

    /// Gathers arrays for ``FlatSections``.
    package struct Writer {
        private var header: [UInt64] = []
        private var copies: [(UnsafeMutableRawBufferPointer) -> Void] = []

        package init() {}

        /// Adds the next section.
        package mutating func add<Element: BitwiseCopyable>(_ elements: [Element]) {
            header += [0, UInt64(elements.count), UInt64(MemoryLayout<Element>.stride)]
            copies.append { target in elements.withUnsafeBytes { target.copyMemory(from: $0) } }
        }

        /// All sections, in the order in which they were added.
        package consuming func region() -> ByteRegion {
            var end = header.count * 8
            for section in copies.indices {
                end = (end + 15) & ~15
                header[section * 3] = UInt64(end)
                end += Int(header[section * 3 + 1] * header[section * 3 + 2])
            }
            let (header, copies) = (header, copies)
            return ByteRegion(capacity: end) { buffer in
                var position = 0
                func place(at start: Int, size: Int, _ copy: (UnsafeMutableRawBufferPointer) -> Void) {
                    for gap in position..<start { buffer[gap] = 0 }
                    copy(UnsafeMutableRawBufferPointer(rebasing: buffer[start..<start + size]))
                    position = start + size
                }
                place(at: 0, size: header.count * 8) { target in
                    header.withUnsafeBytes { target.copyMemory(from: $0) }
                }
                for section in copies.indices {
                    let size = Int(header[section * 3 + 1] * header[section * 3 + 2])
                    place(at: Int(header[section * 3]), size: size, copies[section])
                }
                return end
            }
        }
    }
}
