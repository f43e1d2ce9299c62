import Primitives

/// One line of a package set, read from left to right.
struct PackageSetLine {
    enum Content {
        case nothing
        case include(PackageSetReference)
        case recommends
        case entry(PackageSetEntry)
    }

    private let line: [Character]
    /// Where the line begins.
    private let start: SourceLocation
    private var position = 0

    init(_ line: Substring, location: SourceLocation) {
        self.line = Array(line)
        start = location
    }

    mutating func read() throws(Mistake) -> Content {
        skipSpace()
        switch peek {
        case nil, "#": return .nothing
        case "@": return try readDirective()
        default: return .entry(try readEntry())
        }
    }

    /// `@include SET`, `@recommends`, or a group of packages: `@core`.
    private mutating func readDirective() throws(Mistake) -> Content {
        let from = position
        position += 1
        let isEnvironment = peek == "^"
        if isEnvironment { position += 1 }
        let directive = take { $0.isPackageNameCharacter }
        if directive == "recommends", !isEnvironment {
            try end(after: "@recommends")
            return .recommends
        }
        guard directive == "include", !isEnvironment else { return .entry(try readGroup(from: from, directive)) }
        skipSpace()
        let name = position
        let set = take { $0.isPackageNameCharacter }
        guard !set.isEmpty else {
            throw error("@include lacks the name of a set", from: name, hint: "for example: @include base")
        }
        guard PackageSetReference.isName(set) else {
            throw error("\"\(set)\" is no name of a set", from: name, hint: "sets are named without folder and .txt")
        }
        try end(after: "@include \(set)")
        return .include(PackageSetReference(set, at: location(name)))
    }

    private mutating func readGroup(from: Int, _ name: String) throws(Mistake) -> PackageSetEntry {
        guard !name.isEmpty else {
            throw unexpected(from: position, wanted: "the name of a group")
        }
        let isOptional = peek == "?"
        if isOptional { position += 1 }
        let text = String(line[from..<position])
        let before = position
        skipSpace()
        if !isOptional, position > before, peek?.isPackageNameCharacter == true {
            throw error(
                "there is no @\(name) that takes a word", from: from,
                hint: "@include SET is all that a set says, @\(name) alone is a group of packages")
        }
        position = before
        try end(after: text)
        return PackageSetEntry(
            kind: isOptional ? .optional : .wanted, name: "@\(name)", location: location(from), line: String(line),
            text: text)
    }

    private mutating func readEntry() throws(Mistake) -> PackageSetEntry {
        let from = position
        var kind = PackageSetEntry.Kind.wanted
        if peek == "-" {
            kind = .forbidden
            position += 1
        }
        let nameStart = position
        let name = take { $0.isPackageNameCharacter }
        guard !Self.isFile(name), !(name.isEmpty && "/~\\".contains(peek ?? " ")) else {
            let file = name + take { $0 != " " && $0 != "\t" && $0 != "#" }
            throw error(
                "\"\(file)\" is a file, and a set has names of packages", from: nameStart,
                hint:
                    "declare the folder it is in as a repository (README: Packages of your own), and write the package's name"
            )
        }
        guard let first = name.first, first.isASCIILetter || first.isASCIIDigit else {
            throw unexpected(from: nameStart, wanted: "a package name")
        }
        var architecture: String?
        var version: String?
        var suite: String?
        while let character = peek, let part = Self.parts[character] {
            let partStart = position
            position += 1
            let value = take(part.allows)
            guard !value.isEmpty else {
                throw unexpected(from: position, wanted: "\(part.noun) after \(character)")
            }
            switch character {
            case ":" where architecture == nil && version == nil && suite == nil: architecture = value
            case "=" where version == nil && suite == nil: version = value
            case "/" where version == nil && suite == nil: suite = value
            default:
                throw error(
                    "\"\(String(line[from..<position]))\" says too much", from: partStart,
                    hint: "name[:architecture] and then either =version or /suite")
            }
            guard kind != .forbidden else {
                throw error(
                    "what is forbidden is forbidden in every version", from: partStart, hint: "write -\(name)")
            }
        }
        if peek == "?" {
            guard kind != .forbidden else {
                throw error("-\(name) cannot be optional", from: position, hint: "write -\(name), or \(name)?")
            }
            kind = .optional
            position += 1
        }
        let text = String(line[from..<position])
        skipSpace()
        let restriction = peek == "[" ? try readRestriction() : []
        try end(after: text)
        return PackageSetEntry(
            kind: kind, name: name, architecture: architecture, version: version, suite: suite,
            restriction: restriction, location: location(from), line: String(line), text: text)
    }

    /// Whether a word is rather a path, or a file's name, than a package's.
    private static func isFile(_ word: String) -> Bool {
        [".deb", ".rpm"].contains { word.hasSuffix($0) } || word == "." || word == ".."
    }

    private mutating func readRestriction() throws(Mistake) -> [String] {
        let from = position
        position += 1
        var names: [String] = []
        while true {
            skipSpace()
            if peek == "]" { break }
            let name = take { $0.isArchitectureCharacter }
            guard !name.isEmpty else {
                guard peek != nil, peek != "#" else { throw error("[ without ]", from: from, hint: nil) }
                throw unexpected(
                    from: position, wanted: "an architecture such as amd64",
                    hint: peek == "!" ? "name those that it is for" : nil)
            }
            names.append(name)
        }
        position += 1
        guard !names.isEmpty else {
            throw error("[] names no architecture", from: from, hint: "for example: [amd64 arm64]")
        }
        return names
    }

    // MARK: Characters

    private struct Part {
        let noun: String
        let allows: @Sendable (Character) -> Bool
    }

    /// What may follow a name. Versions: Debian Policy 5.6.12, and `^` and `_` of RPM's.
    private static let parts: [Character: Part] = [
        ":": Part(noun: "an architecture", allows: { $0.isArchitectureCharacter }),
        "=": Part(noun: "a version", allows: { $0.isASCIILetter || $0.isASCIIDigit || ".+~:-^_".contains($0) }),
        "/": Part(noun: "a suite", allows: { $0.isASCIILetter || $0.isASCIIDigit || ".-_".contains($0) }),
    ]

    private var peek: Character? { position < line.count ? line[position] : nil }

    private mutating func skipSpace() {
        while let character = peek, character == " " || character == "\t" { position += 1 }
    }

    private mutating func take(_ allowed: (Character) -> Bool) -> String {
        let from = position
        while let character = peek, allowed(character) { position += 1 }
        return String(line[from..<position])
    }

    /// Accepts the end of the line or a comment; anything else is an error.
    private mutating func end(after text: String) throws(Mistake) {
        let before = position
        skipSpace()
        guard let character = peek, character != "#" else { return }
        let apart = position > before || (before > 0 && line[before - 1] == " ")
        if apart, character.isPackageNameCharacter || character == "@" {
            let from = position
            let word = take { $0 != " " && $0 != "\t" && $0 != "#" }
            throw error("\"\(word)\" on the same line as \"\(text)\"", from: from, hint: "one package a line")
        }
        throw unexpected(from: position, wanted: "the end of the line", hint: Self.hint(for: character))
    }

    /// What to write instead where `character` follows an entry.
    private static func hint(for character: Character) -> String? {
        switch character {
        case "(", "<", ">", "=": "a line asks for a name, or for one version: name=1.2-3"
        case "|": "a line asks for one package: write the one that is wanted"
        case ",", ";": "one package a line"
        default: nil
        }
    }

    private func unexpected(from: Int, wanted: String, hint: String? = nil) -> Mistake {
        guard from < line.count else { return error("\(wanted) is missing", from: from, hint: hint) }
        let character = line[from]
        if let name = UnusualSpace.name(of: character) {
            return error("\(name), where \(wanted) should be", from: from, hint: UnusualSpace.hint)
        }
        let codes = character.unicodeScalars.map { "U+" + String($0.value, radix: 16, uppercase: true) }
        let shown = character.isPrintable ? "\"\(character)\"" : codes.joined(separator: " ")
        return error("\(shown) where \(wanted) should be", from: from, hint: hint)
    }

    private func error(_ what: String, from: Int, hint: String?) -> Mistake {
        let place = location(from)
        let excerpt = PackageSetExcerpt.lines(String(line), at: place, length: max(1, position - from), note: nil)
        return Mistake(what, at: place, details: excerpt, hint: hint)
    }

    private func location(_ offset: Int) -> SourceLocation {
        SourceLocation(file: start.file, line: start.line, column: offset + 1)
    }
}

extension PackageSetReference {
    /// Whether `name` can be the name of a set: a file name without `.txt` that starts with a letter or digit.
    package static func isName(_ name: String) -> Bool {
        guard let first = name.first, first.isASCIILetter || first.isASCIIDigit else { return false }
        return name.allSatisfy(\.isPackageNameCharacter) && !name.hasSuffix(".txt")
    }
}

extension Character {
    var isASCIILetter: Bool { isASCII && isLetter }
    var isASCIIDigit: Bool { isASCII && isNumber }

    /// Debian Policy 5.6.1, and the capitals and underscores of RPM's names.
    var isPackageNameCharacter: Bool { isASCIILetter || isASCIIDigit || "+-._".contains(self) }

    var isArchitectureCharacter: Bool { isASCIILetter || isASCIIDigit || self == "-" || self == "_" }
}
