import Primitives
private import Yams

/// A value of a YAML document (YAML 1.1, as libyaml reads it) with the place where it is written.
struct DeclarationDocument {
    enum Content {
        /// A scalar's text as written, without quotes.
        case scalar(String, isQuoted: Bool)
        case list([DeclarationDocument])
        /// In the order of the file. A key that is given twice is here twice.
        case mapping([Member])
    }

    struct Member {
        let key: String
        let location: SourceLocation
        let value: DeclarationDocument
    }

    let content: Content
    let location: SourceLocation

    /// `key:` with nothing after it, or with YAML's words for nothing.
    var isNothing: Bool {
        if case .scalar(let text, isQuoted: false) = content { ["", "~", "null"].contains(text) } else { false }
    }

    /// What it is, for people.
    var kind: String {
        switch content {
        case _ where isNothing: "nothing"
        case .scalar(let text, _): "\"\(text)\""
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    private init(_ content: Content, at location: SourceLocation) {
        self.content = content
        self.location = location
    }

    /// The one document in `yaml`, the contents of `file`. Throws what is wrong with the syntax, and where.
    init(parsing yaml: String, file: String) throws(Mistake) {
        let yaml = yaml.withoutByteOrderMark
        var text = Array(yaml.unicodeScalars)
        var masked: [Place: String] = [:]
        while true {
            var source = String.UnicodeScalarView()
            source.append(contentsOf: text)
            do {
                // The basic resolver leaves scalars as they are; what type one should have, the reader of it knows.
                guard let root = try Yams.compose(yaml: String(source), .basic) else {
                    throw Mistake("the file is empty", at: SourceLocation(file: file, line: 1))
                }
                var reader = Reader(file: file, masked: masked)
                self = try reader.document(root)
                return
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                // Yams refuses a mapping with a key given twice, and says so of one key only. The first of the two is
                // masked and the text read again, so that the reader sees both, and everything else that is wrong.
                let place = Place(line: context.mark.line, column: context.mark.column)
                guard masked[place] == nil, let key = Self.mask(keys.first ?? "", at: place, in: &text, masked.count)
                else {
                    throw Mistake(
                        "\(keys.joined(separator: ", ")): given twice", at: Self.location(context.mark, in: file))
                }
                masked[place] = key
            } catch let error as Mistake {
                throw error
            } catch {
                throw Self.syntaxError(error, file: file, text: yaml)
            }
        }
    }

    /// Replaces `key` at `place` by private-use characters of the same number; nil where it is not written there.
    private static func mask(_ key: String, at place: Place, in text: inout [Unicode.Scalar], _ count: Int) -> String? {
        var start = 0
        for _ in 1..<max(1, place.line) {
            guard let newline = text[start...].firstIndex(of: "\n") else { return nil }
            start = newline + 1
        }
        start += place.column - 1
        if start < text.count, text[start] == "\"" || text[start] == "'" { start += 1 }
        let end = start + key.unicodeScalars.count
        guard end <= text.count, !key.isEmpty, text[start..<end].elementsEqual(key.unicodeScalars) else { return nil }
        guard let mark = Unicode.Scalar(0xF0000 + UInt32(count)) else { return nil }
        for index in start..<end { text[index] = mark }
        return key
    }

    private static func location(_ mark: Mark, in file: String) -> SourceLocation {
        SourceLocation(file: file, line: max(1, mark.line), column: max(1, mark.column))
    }

    private static func syntaxError(_ error: any Error, file: String, text: String) -> Mistake {
        switch error {
        case YamlError.scanner(let context, let problem, let mark, _),
            YamlError.parser(let context, let problem, let mark, _),
            YamlError.composer(let context, let problem, let mark, _):
            var details: [String] = []
            if let context {
                details.append("\(context.text), line \(context.mark.line), column \(context.mark.column)")
            }
            // What is wrong shows where it is, or a line later.
            let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
            for number in [mark.line, mark.line - 1] where lines.indices.contains(number - 1) {
                guard let space = UnusualSpace(in: lines[number - 1]) else { continue }
                return Self.unusual(
                    space, at: SourceLocation(file: file, line: number, column: space.offset + 1), details: details)
            }
            return Mistake("no YAML: \(problem)", at: location(mark, in: file), details: details)
        case YamlError.reader(let problem, let offset, _, let yaml):
            let before = yaml.prefix(offset ?? 0)
            let lines = before.split(separator: "\n", omittingEmptySubsequences: false)
            let place = SourceLocation(file: file, line: max(1, lines.count), column: (lines.last?.count ?? 0) + 1)
            return Mistake("no YAML: \(problem)", at: place)
        default:
            return Mistake("no YAML: \(error)", at: SourceLocation(file: file, line: 1))
        }
    }

    private static func unusual(_ space: UnusualSpace, at place: SourceLocation, details: [String] = []) -> Mistake {
        Mistake("\(space.shown), is no space to YAML", at: place, details: details, hint: UnusualSpace.hint)
    }

    private struct Place: Hashable {
        let line: Int
        let column: Int
    }

    /// Makes documents of the parser's nodes.
    private struct Reader {
        let file: String
        let masked: [Place: String]
        /// An alias is read once for each time it is used, so that a few lines can stand for millions of values.
        var remaining = 100_000

        mutating func document(_ node: Node) throws(Mistake) -> DeclarationDocument {
            let location = location(node)
            remaining -= 1
            guard remaining > 0 else { throw Mistake("too many values", at: location) }
            switch node {
            case .scalar(let scalar):
                let isQuoted = scalar.style != .plain
                if !isQuoted { try check(scalar.string, at: location) }
                return DeclarationDocument(.scalar(scalar.string, isQuoted: isQuoted), at: location)
            case .sequence(let sequence):
                var list: [DeclarationDocument] = []
                for item in sequence { list.append(try document(item)) }
                return DeclarationDocument(.list(list), at: location)
            case .mapping(let mapping):
                var members: [Member] = []
                for (key, value) in mapping {
                    let place = self.location(key)
                    guard case .scalar(let scalar) = key else {
                        throw Mistake("a key must be a word", at: place)
                    }
                    if scalar.style == .plain { try check(scalar.string, at: place) }
                    let name = masked[Place(line: place.line, column: place.column)] ?? scalar.string
                    members.append(Member(key: name, location: place, value: try document(value)))
                }
                return DeclarationDocument(.mapping(members), at: location)
            case .alias:
                throw Mistake("an alias without an anchor", at: location)
            }
        }

        /// A plain word has none of the characters that only look like a space; where one has, the words around it became one.
        private func check(_ word: String, at location: SourceLocation) throws(Mistake) {
            guard let space = UnusualSpace(in: word) else { return }
            var place = location
            place.column += space.offset
            throw DeclarationDocument.unusual(space, at: place)
        }

        private func location(_ node: Node) -> SourceLocation {
            SourceLocation(file: file, line: max(1, node.mark?.line ?? 1), column: max(1, node.mark?.column ?? 1))
        }
    }
}
