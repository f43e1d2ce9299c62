package import Primitives

/// A small file system as disks for exchange have it: FAT12 without partitions, a label, some files in its root folder.
///
/// After Microsoft's "FAT: General Overview of On-Disk Format" 1.03. The same content gives the same bytes.
package enum FATImage {
    /// A name that the root folder can't hold, or more content than fits.
    package enum Failure: Error, Equatable {
        /// Letters, digits, `_` or `-`, up to thirteen of them, with a dot among them or none.
        case badName(String)
        /// A label has up to eleven letters, digits, `_` or `-`, in capitals.
        case badLabel(String)
        case tooLarge(limit: ByteCount)
    }

    private static let sectorSize = 512
    private static let sectors = 2048
    private static let rootEntries = 224
    private static let tableSectors = 6
    private static let rootSectors = rootEntries * 32 / sectorSize
    private static let firstDataSector = 1 + 2 * tableSectors + rootSectors
    private static let clusters = sectors - firstDataSector

    /// The image, a megabyte, with `files` (at most a dozen) in its root folder.
    package static func make(
        label: String, files: [(name: String, content: [UInt8])]
    ) throws(Failure) -> [UInt8] {
        guard let label = padded(label, 11) else { throw .badLabel(label) }
        var image = [UInt8](repeating: 0, count: sectors * sectorSize)
        var table = [UInt16](repeating: 0, count: clusters + 2)
        table[0] = 0xFF8
        table[1] = 0xFFF
        // The label is an entry of the root folder, with the attribute that says so.
        var entries = entry(label, attribute: 0x08, case: 0, cluster: 0, size: 0)
        var next = 2
        for (number, (name, content)) in files.enumerated() {
            let (short, letters, long) = try names(name, number: number)
            let count = (content.count + sectorSize - 1) / sectorSize
            guard next + count <= table.count else { throw .tooLarge(limit: ByteCount(clusters * sectorSize)) }
            for cluster in next..<(next + count) {
                table[cluster] = cluster + 1 == next + count ? 0xFFF : UInt16(cluster + 1)
            }
            let start = (firstDataSector + next - 2) * sectorSize
            image.replaceSubrange(start..<(start + content.count), with: content)
            entries += long
            entries += entry(
                short, attribute: 0x20, case: letters, cluster: count == 0 ? 0 : UInt16(next),
                size: UInt32(content.count))
            next += count
        }
        let serial = UInt32(Digest(of: image + entries).hex.prefix(8), radix: 16) ?? 0
        image.replaceSubrange(0..<sectorSize, with: bootSector(label: label, serial: serial))
        for copy in 0..<2 {
            let start = (1 + copy * tableSectors) * sectorSize
            for (cluster, value) in table.enumerated() { store(value, ofCluster: cluster, in: &image, from: start) }
        }
        let root = (1 + 2 * tableSectors) * sectorSize
        image.replaceSubrange(root..<(root + entries.count), with: entries)
        return image
    }

    private static func bootSector(label: [UInt8], serial: UInt32) -> [UInt8] {
        var sector: [UInt8] = [0xEB, 0x3C, 0x90] + Array("KLDLOAD ".utf8)
        sector += word(UInt16(sectorSize)) + [1] + word(1) + [2] + word(UInt16(rootEntries)) + word(UInt16(sectors))
        sector += [0xF8] + word(UInt16(tableSectors)) + word(32) + word(16) + word(0) + word(0) + word(0) + word(0)
        sector += [0x80, 0, 0x29] + double(serial) + label + Array("FAT12   ".utf8)
        sector += [UInt8](repeating: 0, count: sectorSize - 2 - sector.count)
        return sector + [0x55, 0xAA]
    }

    /// An entry of a folder; its time is the first one that can be written.
    private static func entry(
        _ name: [UInt8], attribute: UInt8, case letters: UInt8, cluster: UInt16, size: UInt32
    ) -> [UInt8] {
        let day: UInt16 = 1 << 5 | 1
        return name + [attribute, letters, 0] + word(0) + word(day) + word(day) + word(0) + word(0) + word(day)
            + word(cluster) + double(size)
    }

    private static func word(_ value: UInt16) -> [UInt8] { [UInt8(value & 0xFF), UInt8(value >> 8)] }

    private static func double(_ value: UInt32) -> [UInt8] {
        word(UInt16(truncatingIfNeeded: value)) + word(UInt16(value >> 16))
    }

    /// Twelve bits for each cluster, two clusters in three bytes.
    private static func store(_ value: UInt16, ofCluster cluster: Int, in image: inout [UInt8], from start: Int) {
        let place = start + cluster + cluster / 2
        if cluster.isMultiple(of: 2) {
            image[place] = UInt8(value & 0xFF)
            image[place + 1] = image[place + 1] & 0xF0 | UInt8(value >> 8)
        } else {
            image[place] = image[place] & 0x0F | UInt8(value & 0xF) << 4
            image[place + 1] = UInt8(value >> 4)
        }
    }

    /// The eleven bytes of a name, the bits that say which side of the dot is in small letters, and the entry that has the name as it is
    /// where eight letters, a dot and three letters are not enough for it.
    private static func names(
        _ name: String, number: Int
    ) throws(Failure) -> (short: [UInt8], case: UInt8, long: [UInt8]) {
        if let (short, letters) = shortName(name) { return (short, letters, []) }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, name.utf8.count <= 13,
            parts.allSatisfy({ !$0.isEmpty && padded($0.uppercased(), 13) != nil })
        else { throw .badName(name) }
        // Nobody reads this one; it has to be another one for each file.
        let short = Array("FILE~".utf8) + [UInt8(ascii: "A") + UInt8(number)] + [UInt8](repeating: 0x20, count: 5)
        let sum = short.reduce(UInt8(0)) { ($0 << 7 | $0 >> 1) &+ $1 }
        var units = Array(name.utf16) + [0]
        units = Array((units + [UInt16](repeating: 0xFFFF, count: 13)).prefix(13))
        let bytes = units.map(word)
        let long =
            [0x41] + Array(bytes[..<5].joined()) + [0x0F, 0, sum] + Array(bytes[5..<11].joined()) + word(0)
            + Array(bytes[11...].joined())
        return (short, 0, long)
    }

    /// The eleven bytes of a name of at most eight letters, a dot and three letters, all small or all capital on each side of the dot.
    private static func shortName(_ name: String) -> (bytes: [UInt8], case: UInt8)? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, let first = parts.first, !first.isEmpty else { return nil }
        let second = parts.count == 2 ? parts[1] : ""
        var letters: UInt8 = 0
        for (part, bit) in [(first, UInt8(0x08)), (second, 0x10)] {
            if part.contains(where: \.isLowercase) {
                guard !part.contains(where: \.isUppercase) else { return nil }
                letters |= bit
            }
        }
        guard let start = padded(first.uppercased(), 8), let end = padded(second.uppercased(), 3) else { return nil }
        return (start + end, letters)
    }

    private static func padded(_ text: String, _ count: Int) -> [UInt8]? {
        let isPlain = text.utf8.allSatisfy {
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
        }
        guard isPlain, text.utf8.count <= count else { return nil }
        return Array(text.utf8) + [UInt8](repeating: 0x20, count: count - text.utf8.count)
    }
}
