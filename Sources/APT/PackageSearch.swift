import Primitives
package import Solver

/// Words to be found in the names and summaries of packages, all of them in each; upper and lower case are the same.
///
/// A word with `*`, `?` or `[` is a shell pattern of a whole name.
package struct PackageSearch {
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

    package struct Match: Hashable, Sendable {
        package let package: PackageID
        package let rank: Rank
    }

    private let words: [[UInt8]]
    private let patterns: [String]

    package init(_ words: [String]) {
        self.words = words.filter { !Glob.isPattern($0) && !$0.isEmpty }.map { $0.utf8.map(\.folded) }
        patterns = words.filter { Glob.isPattern($0) }
    }

    /// The candidates that fit, the best first, those that fit as well in the order of their names.
    package func matches(in universe: DebianUniverse) -> [Match] {
        let table = universe.table
        var found: [(match: Match, name: UnsafeRawBufferPointer)] = []
        for number in 0..<Int32(table.names.count) where table.firstPackage[Int(number)] >= 0 {
            let name = table.names.bytes(number)
            guard patterns.allSatisfy({ Glob.matches($0, table.names.text(number)) }) else { continue }
            let missing = words.filter { !name.contains($0) }
            for package in table.packages(of: number) where universe.isCandidate(package) {
                if !missing.isEmpty {
                    let summary = table.summaryBytes(package)
                    guard missing.allSatisfy(summary.contains) else { continue }
                }
                let rank: Rank =
                    if words.contains(where: { name.count == $0.count && name.hasPrefix($0) }) {
                        .name
                    } else if !patterns.isEmpty || words.contains(where: name.hasPrefix) {
                        .start
                    } else {
                        missing.isEmpty ? .inName : .inSummary
                    }
                found.append((Match(package: PackageID(package), rank: rank), name))
            }
        }
        found.sort { a, b in
            if a.match.rank != b.match.rank { return a.match.rank < b.match.rank }
            return a.name.isSame(as: b.name)
                ? a.match.package < b.match.package : a.name.lexicographicallyPrecedes(b.name)
        }
        return found.map(\.match)
    }
}

extension PackageTable {
    /// The first line of the package's Description.
    package func summary(of package: PackageID) -> String {
        String(decoding: summaryBytes(package.index), as: UTF8.self)
    }

    /// Bytes of the package's index that live as long as this table.
    func summaryBytes(_ package: Int32) -> UnsafeRawBufferPointer {
        let bytes = bytes(package)
        var found = 0..<0
        forEachField(of: package) { name, value in
            guard name.count == 11, bytes[name.lowerBound] | 0x20 == 0x64,
                bytes.equals(name, ignoringCase: "description")
            else { return }
            let end = bytes.firstIndex(of: 0x0A, from: value.lowerBound, to: value.upperBound) ?? value.upperBound
            found = value.lowerBound..<end
        }
        return bytes.slice(found)
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
