/// A relation of a package: to a name, or to several joined by words; "Boolean Dependencies" of rpm-dependencies(7).
///
/// Names and versions are places in the text that was parsed.
package indirect enum RichRelation: Hashable, Sendable {
    case name(Range<Int>, RelationFlags, version: Range<Int>)
    case and([RichRelation])
    case or([RichRelation])
    /// The first where the second holds, else the third, which holds where it is nil.
    case `if`(RichRelation, RichRelation, else: RichRelation?)
    /// The first where the second does not hold, else the third, which fails where it is nil.
    case unless(RichRelation, RichRelation, else: RichRelation?)
    /// One package that meets both.
    case with(RichRelation, RichRelation)
    /// A package that meets the first and not the second.
    case without(RichRelation, RichRelation)
}

/// A relation whose text means nothing.
package struct RichRelationError: Error, Hashable, CustomStringConvertible {
    /// What is odd; raw values are sentences for people.
    package enum Problem: String, Hashable, Sendable {
        case missingName = "a name is missing"
        case missingVersion = "a version is missing"
        case missingParenthesis = "a parenthesis is missing"
        case unknownWord = "it has a word that is none of and, or, if, else, unless, with, without"
        case mixedWords = "different words are mixed without parentheses"
        case tooDeep = "it is nested too deeply"
        case trailingText = "there is text after its end"
        case notSelective = "with and without stand between names only, and between with, without and or"
    }

    /// What is odd.
    package let problem: Problem
    /// Bytes into the text.
    package let offset: Int

    package var description: String { "\(problem.rawValue), \(offset) bytes into the relation" }
}

/// Parses the text of a relation: `name`, `name >= 1:2-3`, `(a and b)`, `((a if b) or c)`.
struct RichRelationParser {
    private let text: UnsafeRawBufferPointer
    private var position = 0

    /// rpm itself takes no relation that is nested deeper than it has stack for; real ones have four levels at most.
    private static let depthLimit = 64

    private init(_ text: UnsafeRawBufferPointer) { self.text = text }

    /// The relation that all of `text` spells.
    static func parse(_ text: UnsafeRawBufferPointer) throws(RichRelationError) -> RichRelation {
        var parser = RichRelationParser(text)
        parser.skipBlanks()
        let relation =
            parser.peek == UInt8(ascii: "(") ? try parser.group(depth: 0) : try parser.simple(endsAtParenthesis: false)
        parser.skipBlanks()
        guard parser.position == text.count else { throw parser.failure(.trailingText) }
        return relation
    }

    private var peek: UInt8? { position < text.count ? text[position] : nil }

    private func failure(_ problem: RichRelationError.Problem) -> RichRelationError {
        RichRelationError(problem: problem, offset: position)
    }

    private mutating func skipBlanks() {
        while let byte = peek, byte.isBlank { position += 1 }
    }

    private enum Word { case and, or, `if`, `else`, unless, with, without }

    /// What stands between parentheses, both included.
    private mutating func group(depth: Int) throws(RichRelationError) -> RichRelation {
        guard depth < Self.depthLimit else { throw failure(.tooDeep) }
        position += 1
        let first = try operand(depth: depth)
        guard let word = try word() else { return first }
        var operands = [first]
        repeat { operands.append(try operand(depth: depth)) } while try goesOn(with: word)
        switch word {
        case .and, .or:
            try close()
            return word == .and ? .and(operands) : .or(operands)
        case .with:
            try close()
            var result = first
            for next in operands.dropFirst() { result = .with(try selective(result), try selective(next)) }
            return result
        case .without:
            try close()
            guard operands.count == 2 else { throw failure(.mixedWords) }
            return .without(try selective(operands[0]), try selective(operands[1]))
        case .if, .unless:
            guard operands.count == 2 else { throw failure(.mixedWords) }
            var other: RichRelation?
            let start = position
            if try self.word() == .else {
                other = try operand(depth: depth)
            } else {
                position = start
            }
            try close()
            return word == .if
                ? .if(operands[0], operands[1], else: other) : .unless(operands[0], operands[1], else: other)
        case .else: throw failure(.mixedWords)
        }
    }

    private mutating func operand(depth: Int) throws(RichRelationError) -> RichRelation {
        skipBlanks()
        return peek == UInt8(ascii: "(") ? try group(depth: depth + 1) : try simple(endsAtParenthesis: true)
    }

    /// Whether the same word follows; only these join more than two.
    private mutating func goesOn(with word: Word) throws(RichRelationError) -> Bool {
        guard word == .and || word == .or || word == .with else { return false }
        let start = position
        guard let next = try self.word() else {
            position = start
            return false
        }
        guard next == word else { throw failure(.mixedWords) }
        return true
    }

    private mutating func close() throws(RichRelationError) {
        skipBlanks()
        guard peek == UInt8(ascii: ")") else { throw failure(.missingParenthesis) }
        position += 1
    }

    /// The word that comes next; nil where the parenthesis closes, which is then behind.
    private mutating func word() throws(RichRelationError) -> Word? {
        skipBlanks()
        if peek == UInt8(ascii: ")") {
            position += 1
            return nil
        }
        let start = position
        while let byte = peek, !byte.isBlank, byte != UInt8(ascii: "("), byte != UInt8(ascii: ")") { position += 1 }
        let word = text.slice(start..<position)
        if word.isSame(as: "and") { return .and }
        if word.isSame(as: "or") { return .or }
        if word.isSame(as: "if") { return .if }
        if word.isSame(as: "else") { return .else }
        if word.isSame(as: "unless") { return .unless }
        if word.isSame(as: "with") { return .with }
        if word.isSame(as: "without") { return .without }
        position = start
        throw failure(word.isEmpty ? .missingParenthesis : .unknownWord)
    }

    /// A name, and a comparison with a version where there is one. Parentheses belong to a name in pairs: `perl(Carp)`.
    private mutating func simple(endsAtParenthesis: Bool) throws(RichRelationError) -> RichRelation {
        let name = piece(endsAtParenthesis: endsAtParenthesis)
        guard !name.isEmpty else { throw failure(.missingName) }
        let end = position
        skipBlanks()
        var flags: RelationFlags = []
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "<"): flags.insert(.less)
            case UInt8(ascii: ">"): flags.insert(.greater)
            case UInt8(ascii: "="): flags.insert(.equal)
            default:
                guard !flags.isEmpty else {
                    position = end
                    return .name(name, [], version: name.upperBound..<name.upperBound)
                }
                skipBlanks()
                let version = piece(endsAtParenthesis: endsAtParenthesis)
                guard !version.isEmpty else { throw failure(.missingVersion) }
                return .name(name, flags, version: version)
            }
            position += 1
        }
        guard flags.isEmpty else { throw failure(.missingVersion) }
        return .name(name, [], version: name.upperBound..<name.upperBound)
    }

    private mutating func piece(endsAtParenthesis: Bool) -> Range<Int> {
        let start = position
        var open = 0
        while let byte = peek, !byte.isBlank {
            if byte == UInt8(ascii: "(") { open += 1 }
            if byte == UInt8(ascii: ")") {
                if open == 0, endsAtParenthesis { break }
                open -= 1
            }
            position += 1
        }
        return start..<position
    }

    /// What may stand beside `with` and `without`: something that one package alone can meet.
    private func selective(_ relation: RichRelation) throws(RichRelationError) -> RichRelation {
        switch relation {
        case .name: return relation
        case .with(let one, let other), .without(let one, let other):
            _ = try selective(one)
            _ = try selective(other)
        case .or(let all): for one in all { _ = try selective(one) }
        case .and, .if, .unless: throw failure(.notSelective)
        }
        return relation
    }
}
