import Primitives

/// What a gate's script says it found: a word and its value a line; see the scripts' headers.
struct GateVerdict {
    private let values: [String: [String]]

    init(_ bytes: [UInt8]) {
        var values: [String: [String]] = [:]
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 1).map {
                String(decoding: $0, as: UTF8.self)
            }
            if let word = parts.first { values[word, default: []].append(parts.count > 1 ? parts[1] : "") }
        }
        self.values = values
    }

    /// The value of `word`. Throws where the gate said nothing of it: then it proved nothing either.
    func value(_ word: String) throws(VerdictError) -> String {
        guard let value = values[word]?.first else { throw VerdictError(word: word) }
        return value
    }

    /// The words after `key NAME`, for what is said of each profile.
    func words(_ key: String, of name: String, count: Int) throws(VerdictError) -> [String] {
        for value in values[key] ?? [] {
            let words = value.split(separator: " ").map(String.init)
            if words.count == count + 1, words[0] == name { return Array(words.dropFirst()) }
        }
        throw VerdictError(word: "\(key) \(name)")
    }
}

struct VerdictError: UserError {
    let word: String
    var what: String { "the gate's verdict says nothing of \"\(word)\"" }
}
