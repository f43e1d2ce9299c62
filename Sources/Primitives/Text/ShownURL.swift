/// How addresses are shown to people, wherever one stands in a text.
extension String {
    /// The text without what nobody but the server should read of the addresses in it: user and password (RFC 3986, 3.2.1), and
    /// the values of a query that are named as secrets are.
    package var withoutCredentials: String {
        let bytes = Array(utf8)
        let mark = Array("://".utf8)
        var result: [UInt8] = []
        var done = 0
        var position = 0
        while position + mark.count <= bytes.count {
            guard bytes[position] == mark[0], bytes[position..<position + mark.count].elementsEqual(mark) else {
                position += 1
                continue
            }
            let start = position + mark.count
            let end = bytes[start...].firstIndex(where: Self.endsAddress) ?? bytes.count
            result += bytes[done..<start]
            result += Self.shown(bytes[start..<end])
            (done, position) = (end, end)
        }
        guard done > 0 else { return self }
        return String(decoding: result + bytes[done...], as: UTF8.self)
    }

    private static let hidden = Array("…".utf8)

    private static func endsAddress(_ byte: UInt8) -> Bool { byte <= 0x20 || "\"'<>`|\\".utf8.contains(byte) }

    /// What comes after "://".
    private static func shown(_ address: ArraySlice<UInt8>) -> [UInt8] {
        let path = address.firstIndex { "/?#".utf8.contains($0) } ?? address.endIndex
        var result: [UInt8] = []
        var rest = address
        if let user = userEnd(address, path: path) {
            result = hidden + [UInt8(ascii: "@")]
            rest = address[(user + 1)...]
        }
        guard let query = rest.firstIndex(of: UInt8(ascii: "?")) else { return result + rest }
        result += rest[...query]
        let fields = rest[(query + 1)...].split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false)
        for (number, field) in fields.enumerated() {
            if number > 0 { result.append(UInt8(ascii: "&")) }
            guard let equals = field.firstIndex(of: UInt8(ascii: "=")), isSecret(field[..<equals]) else {
                result += field
                continue
            }
            result += field[...equals] + hidden
        }
        return result
    }

    /// Where user and password end. What was written without encoding its slashes counts, too: nothing else has a port of letters.
    private static func userEnd(_ address: ArraySlice<UInt8>, path: Int) -> Int? {
        let at = UInt8(ascii: "@")
        if let end = address[..<path].lastIndex(of: at) { return end }
        guard address.first != UInt8(ascii: "["), let colon = address[..<path].firstIndex(of: UInt8(ascii: ":")) else {
            return nil
        }
        let port = address[(colon + 1)..<path]
        let isPort = port.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return isPort ? nil : address.lastIndex(of: at)
    }

    private static func isSecret(_ name: ArraySlice<UInt8>) -> Bool {
        let name = String(decoding: name, as: UTF8.self).lowercased()
        return ["token", "secret", "pass", "pwd", "sig", "auth", "cred", "key"].contains { name.contains($0) }
    }
}
