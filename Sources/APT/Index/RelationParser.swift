import Primitives

/// Reads the alternatives of a relation field (Depends and its like, Debian Policy 7.1) one by one.
///
/// As apt does, it takes a comma after the last relation, the legacy operators `<` (as `<=`) and `>` (as `>=`), and skips
/// build profiles (`<...>`), which binary packages do not have.
package struct RelationParser {
    private let bytes: UnsafeRawBufferPointer
    private var position: Int
    private let end: Int
    private var followsBar = false

    /// A parser for `range` of `bytes`.
    package init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next alternative, or nil after the last.
    package mutating func next() throws(RelationSyntaxError) -> Relation? {
        skipBlanks()
        guard position < end else {
            if followsBar { throw error(.missingName) }
            return nil
        }
        let start = position
        let name = word()
        guard !name.isEmpty else { throw error(.missingName) }
        var relation = Relation(
            name: name, qualifier: .none, comparison: nil, version: start..<start, architectures: start..<start,
            isAlternative: followsBar, extent: name)
        if position < end, bytes[position] == UInt8(ascii: ":") {
            position += 1
            let qualifier = word()
            guard !qualifier.isEmpty else { throw error(.emptyQualifier) }
            relation.qualifier =
                if bytes.equals(qualifier, ignoringCase: "any") {
                    .any
                } else if bytes.equals(qualifier, ignoringCase: "native") {
                    .native
                } else {
                    .architecture(qualifier)
                }
        }
        var last = position
        skipBlanks()
        if position < end, bytes[position] == UInt8(ascii: "(") {
            try parseVersion(into: &relation)
            last = position
            skipBlanks()
        }
        if position < end, bytes[position] == UInt8(ascii: "[") {
            relation.architectures = try skipBracketed(UInt8(ascii: "]"))
            last = position
            skipBlanks()
        }
        while position < end, bytes[position] == UInt8(ascii: "<") {
            _ = try skipBracketed(UInt8(ascii: ">"))
            last = position
            skipBlanks()
        }
        relation.extent = start..<last
        followsBar = false
        if position < end {
            switch bytes[position] {
            case UInt8(ascii: ","): break
            case UInt8(ascii: "|"): followsBar = true
            default: throw error(.unexpectedText)
            }
            position += 1
        }
        return relation
    }

    private mutating func parseVersion(into relation: inout Relation) throws(RelationSyntaxError) {
        position += 1
        skipBlanks()
        let start = position
        while position < end, bytes[position] &- 0x3C < 3 { position += 1 }  // < = >
        let second = position - start == 2 ? bytes[start + 1] : 0
        let first = position > start ? bytes[start] : 0
        switch (first, second, position - start) {
        case (0x3C, 0x3C, 2): relation.comparison = .earlier
        case (0x3C, 0x3D, 2), (0x3C, _, 1): relation.comparison = .earlierOrEqual
        case (0x3D, _, 1): relation.comparison = .equal
        case (0x3E, 0x3D, 2), (0x3E, _, 1): relation.comparison = .laterOrEqual
        case (0x3E, 0x3E, 2): relation.comparison = .later
        default: throw error(.unknownOperator, at: start)
        }
        skipBlanks()
        let version = position
        while position < end, !bytes[position].isBlank, bytes[position] != UInt8(ascii: ")") { position += 1 }
        guard position > version else { throw error(.missingVersion) }
        relation.version = version..<position
        skipBlanks()
        guard position < end, bytes[position] == UInt8(ascii: ")") else { throw error(.unclosedVersion) }
        position += 1
    }

    private mutating func skipBracketed(_ closing: UInt8) throws(RelationSyntaxError) -> Range<Int> {
        let start = position + 1
        guard let close = bytes.firstIndex(of: closing, from: start, to: end) else {
            throw error(.unclosedRestriction)
        }
        position = close + 1
        return start..<close
    }

    /// What stands before the next blank or separator.
    private mutating func word() -> Range<Int> {
        let start = position
        loop: while position < end {
            switch bytes[position] {
            case 0...0x20, 0x28, 0x29, 0x2C, 0x3A, 0x3C, 0x3D, 0x3E, 0x5B, 0x5D, 0x7C: break loop
            default: position += 1
            }
        }
        return start..<position
    }

    private mutating func skipBlanks() {
        while position < end, bytes[position].isBlank { position += 1 }
    }

    private func error(_ problem: RelationSyntaxError.Problem, at offset: Int? = nil) -> RelationSyntaxError {
        RelationSyntaxError(problem: problem, offset: offset ?? position)
    }
}
