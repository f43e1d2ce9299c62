import Primitives
package import SystemPackage

/// What a machine's screen shows, as far as a program can tell.
package struct ScreenPicture: Hashable, Sendable {
    /// In pixels, at least 1.
    package let width: Int
    /// In pixels, at least 1.
    package let height: Int
    /// How many different ones are on it.
    package let colours: Int
    /// Red, green, blue; line after line.
    private let pixels: ArraySlice<UInt8>

    /// Reads a picture in the format PPM (ppm(5)), of 8 bits a colour, as QEMU writes it. Throws `FileError`; nil where it is none.
    package init?(ppm path: FilePath) throws {
        self.init(ppm: try Files.read(path))
    }

    init?(ppm bytes: [UInt8]) {
        // "P6", width, height, the largest value, each followed by white space.
        var fields: [Int] = []
        var position = 2
        guard bytes.starts(with: Array("P6".utf8)) else { return nil }
        while fields.count < 3 {
            while position < bytes.count, bytes[position] <= 0x20 { position += 1 }
            let start = position
            while position < bytes.count, bytes[position] > 0x20 { position += 1 }
            guard let field = Int(String(decoding: bytes[start..<position], as: UTF8.self)) else { return nil }
            fields.append(field)
        }
        let pixels = bytes.dropFirst(position + 1)
        guard fields[2] == 255, fields[0] > 0, fields[1] > 0, pixels.count == fields[0] * fields[1] * 3 else {
            return nil
        }
        var found: Set<UInt32> = []
        var index = pixels.startIndex
        while index < pixels.endIndex {
            found.insert(
                UInt32(pixels[index]) << 16 | UInt32(pixels[index + 1]) << 8 | UInt32(pixels[index + 2]))
            index += 3
        }
        width = fields[0]
        height = fields[1]
        colours = found.count
        self.pixels = pixels
    }

    /// How much of the screen looks otherwise than in `other`: 0 to 1; all of it where the screen has another size.
    package func difference(from other: ScreenPicture) -> Double {
        guard width == other.width, height == other.height else { return 1 }
        let (here, there) = (Array(pixels), Array(other.pixels))
        let different = stride(from: 0, to: here.count, by: 3).count { here[$0..<$0 + 3] != there[$0..<$0 + 3] }
        return Double(different * 3) / Double(here.count)
    }

    /// Whether something is drawn: letters with smooth edges, pictures. A console of text has 16 colours, an empty screen one.
    package var isDrawn: Bool { colours > 64 }
}
