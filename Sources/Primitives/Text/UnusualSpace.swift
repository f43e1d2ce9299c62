/// Characters that look like a space, or like nothing, and are neither: editors, web pages and chats put them into text.
package struct UnusualSpace: Hashable, Sendable {
    /// "U+00A0, a no-break space"
    package let shown: String
    /// How many characters stand before it.
    package let offset: Int

    /// What to do about any of them.
    package static let hint = "delete it, and type an ordinary space where one belongs"

    /// Whether `character` is one.
    package static func name(of character: Character) -> String? {
        for scalar in character.unicodeScalars {
            let name: String
            switch scalar.value {
            case 0xA0, 0x202F: name = "a no-break space"
            case 0x2000...0x200A, 0x205F, 0x3000: name = "a space of another width"
            case 0x200B...0x200D, 0x2060: name = "a space without width"
            case 0x200E, 0x200F, 0x202A...0x202E: name = "a mark of writing direction"
            case 0xFEFF: name = "a byte order mark"
            default: continue
            }
            let digits = String(scalar.value, radix: 16, uppercase: true)
            return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + ", " + name
        }
        return nil
    }

    /// The first in `text`; nil where there is none.
    package init?(in text: some StringProtocol) {
        guard text.utf8.contains(where: { $0 >= 0x80 }) else { return nil }
        for (offset, character) in text.enumerated() {
            guard let name = Self.name(of: character) else { continue }
            (shown, self.offset) = (name, offset)
            return
        }
        return nil
    }
}

extension StringProtocol {
    /// Without the mark that editors of other systems put before UTF-8.
    package var withoutByteOrderMark: String {
        unicodeScalars.first == "\u{FEFF}" ? String(String.UnicodeScalarView(unicodeScalars.dropFirst())) : String(self)
    }
}
