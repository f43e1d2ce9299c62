import ContentStore
import Primitives

/// How records are written: a line a fact, so that people can read them too, and at the end a digest of all lines before it.
enum RecordText {
    /// `lines`, each with its end, and the line that shows whether any of them was damaged.
    static func sealed(_ lines: [String]) -> String {
        let text = lines.joined(separator: "\n") + "\n"
        return "\(text)sum \(Digest(of: text.utf8).hex)\n"
    }

    /// The lines of what `sealed` wrote, but for the last one; nil where it was damaged.
    static func lines(of text: String) -> [Substring]? {
        let sum = text.utf8.suffix(69)
        guard sum.starts(with: "sum ".utf8), sum.last == UInt8(ascii: "\n"),
            let digest = Digest(hex: sum.dropFirst(4).prefix(64)),
            digest == Digest(of: text.utf8.dropLast(69))
        else { return nil }
        return text.split(separator: "\n").dropLast()
    }

    /// `text` in plain characters, every other byte as `%` and two digits: as one word, unless it ends its line. So a fact
    /// is a line, its parts are apart, and no accent joins the space before it to make another character of it.
    static func escaped(_ text: String, endsLine: Bool = false) -> String {
        var result = ""
        for byte in text.utf8 {
            if byte > (endsLine ? 0x1F : 0x20), byte < 0x7F, byte != UInt8(ascii: "%") {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += "%\(byte.hex)"
            }
        }
        return result
    }

    /// What `escaped` was given.
    static func unescaped(_ text: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest.removeFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A digest and a size.
    static func words(_ blob: Blob) -> String { "\(blob.digest.hex) \(blob.size.bytes)" }

    /// A digest, and a size where somebody noted it.
    static func blob(_ fields: ArraySlice<String>) -> Blob? {
        guard let digest = fields.first.flatMap({ Digest(hex: $0) }) else { return nil }
        guard let size = fields.dropFirst().first else { return Blob(digest, size: .zero) }
        return Int64(size).map { Blob(digest, size: ByteCount($0)) }
    }
}
