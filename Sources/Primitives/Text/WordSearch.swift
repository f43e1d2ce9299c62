/// Words to be found in the names and summaries of packages, all of them in each; upper and lower case are the same.
///
/// A word with `*`, `?` or `[` is a shell pattern of a whole name.
package struct WordSearch: Sendable {
    /// How well a package fits: the better, the earlier.
    package enum Rank: Int, Hashable, Sendable, Comparable {
        /// A word is its name.
        case name
        /// Its name begins with a word, or a pattern matches it.
        case start
        /// All words are in its name.
        case inName
        case inSummary

        package static func < (a: Rank, b: Rank) -> Bool { a.rawValue < b.rawValue }
    }

    private let words: [[UInt8]]
    private let patterns: [String]

    /// The words as they were typed, patterns among them; empty ones are passed over.
    package init(_ words: [String]) {
        self.words = words.filter { !Glob.isPattern($0) && !$0.isEmpty }.map { $0.utf8.map(\.folded) }
        patterns = words.filter { Glob.isPattern($0) }
    }

    /// How well a package called `name` fits; nil where it doesn't. The summary is asked for only where the name lacks words.
    package func rank(_ name: UnsafeRawBufferPointer, summary: () -> UnsafeRawBufferPointer) -> Rank? {
        guard patterns.allSatisfy({ Glob.matches($0, String(decoding: name, as: UTF8.self)) }) else { return nil }
        let missing = words.filter { !name.contains($0) }
        if !missing.isEmpty {
            let summary = summary()
            guard missing.allSatisfy({ summary.contains($0) }) else { return nil }
        }
        if words.contains(where: { name.count == $0.count && name.hasPrefix($0) }) { return .name }
        if !patterns.isEmpty || words.contains(where: name.hasPrefix) { return .start }
        return missing.isEmpty ? .inName : .inSummary
    }
}

extension UInt8 {
    /// The letter in lower case; all else as it is.
    @inline(__always)
    fileprivate var folded: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes begin with `word`, which is in lower case.
    @inline(__always)
    fileprivate func hasPrefix(_ word: [UInt8]) -> Bool {
        count >= word.count && holds(word, at: 0)
    }

    @inline(__always)
    private func holds(_ word: [UInt8], at start: Int) -> Bool {
        for index in 0..<word.count where self[start + index].folded != word[index] { return false }
        return true
    }

    /// Whether `word`, which is in lower case and not empty, is somewhere in the bytes.
    fileprivate func contains(_ word: [UInt8]) -> Bool {
        guard count >= word.count else { return false }
        for start in 0...(count - word.count) where self[start].folded == word[0] && holds(word, at: start) {
            return true
        }
        return false
    }
}
