/// Reads apt.conf(5), as far as single values go.
enum APTSettings {
    /// The values by their full names in lower case: `acquire::http::proxy`. Lists (`{ "a"; "b"; }`) are passed over.
    static func parse(_ text: String) -> [String: String] {
        var values: [String: String] = [:]
        var scopes: [String] = []
        var name = ""
        var value: String?
        for token in tokens(text) {
            switch token {
            case .word(let word): if name.isEmpty { name = word } else { value = word }
            case .quoted(let text): value = text
            case .open:
                scopes.append(name)
                (name, value) = ("", nil)
            case .close:
                _ = scopes.popLast()
                (name, value) = ("", nil)
            case .end:
                if let value, !name.isEmpty {
                    values[(scopes + [name]).joined(separator: "::").lowercased()] = value
                }
                (name, value) = ("", nil)
            }
        }
        return values
    }

    private enum Token {
        case word(String)
        case quoted(String)
        case open, close, end
    }

    private static func tokens(_ text: String) -> [Token] {
        let bytes = Array(text.utf8)
        var tokens: [Token] = []
        var position = 0
        func string(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        func skip(past mark: String) {
            let mark = Array(mark.utf8)
            while position < bytes.count, !bytes[position...].starts(with: mark) { position += 1 }
            position = min(bytes.count, position + mark.count)
        }
        while position < bytes.count {
            let rest = bytes[position...]
            switch bytes[position] {
            case 0...0x20: position += 1
            case UInt8(ascii: "#"): skip(past: "\n")
            case UInt8(ascii: "/") where rest.starts(with: "//".utf8): skip(past: "\n")
            case UInt8(ascii: "/") where rest.starts(with: "/*".utf8): skip(past: "*/")
            case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: ";"):
                let mark = bytes[position]
                tokens.append(mark == UInt8(ascii: "{") ? .open : mark == UInt8(ascii: "}") ? .close : .end)
                position += 1
            case UInt8(ascii: "\""):
                let start = position + 1
                position = start
                skip(past: "\"")
                tokens.append(.quoted(string(start..<max(start, position - 1))))
            default:
                let start = position
                while position < bytes.count, bytes[position] > 0x20, !"{};\"".utf8.contains(bytes[position]) {
                    position += 1
                }
                tokens.append(.word(string(start..<position)))
            }
        }
        return tokens
    }
}
