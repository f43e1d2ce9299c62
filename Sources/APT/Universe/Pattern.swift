import Primitives

#if canImport(Glibc)
private import Glibc
#endif

/// A pattern as apt_preferences(5) has it, "Regular Expressions and glob(7) Syntax": `/…/` is a POSIX extended regular expression
/// that may match any part, everything else a glob for the whole; in both the two cases of a letter are the same.
package struct Pattern: Hashable, Sendable, CustomStringConvertible {
    /// As it was written.
    package let text: String
    private let expression: RegularExpression?

    /// Throws where a regular expression is not closed or is none.
    package init(_ text: String) throws(PatternError) {
        self.text = text
        guard text.utf8.first == UInt8(ascii: "/"), text.utf8.count > 1 else {
            expression = nil
            return
        }
        guard text.utf8.last == UInt8(ascii: "/"), text.utf8.count > 2 else {
            throw PatternError(pattern: text, detail: "it has no text between two slashes")
        }
        expression = try RegularExpression(String(text.dropFirst().dropLast()))
    }

    /// Whether it is more than the spelling of one text.
    package var isPattern: Bool { expression != nil || Glob.isPattern(text) }

    /// Whether `text` is meant; an empty text never is.
    package func matches(_ text: String) -> Bool {
        guard let expression else { return Glob.matches(self.text, text) }
        return !text.isEmpty && expression.matches(text)
    }

    package var description: String { text }

    package static func == (a: Pattern, b: Pattern) -> Bool { a.text == b.text }
    package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

/// A regular expression that is none.
package struct PatternError: Error, Hashable {
    /// With its slashes.
    package let pattern: String
    /// What regcomp(3) says of it.
    package let detail: String
}

/// A compiled POSIX extended regular expression; regex(7).
private final class RegularExpression: @unchecked Sendable {
    // Unchecked: written once, before `init` returns; regexec(3) may be called by several threads.
    private let compiled: UnsafeMutablePointer<regex_t>

    init(_ text: String) throws(PatternError) {
        let expression = UnsafeMutablePointer<regex_t>.allocate(capacity: 1)
        expression.initialize(to: regex_t())
        let code = regcomp(expression, text, REG_EXTENDED | REG_ICASE | REG_NOSUB)
        guard code == 0 else {
            var message = [CChar](repeating: 0, count: 200)
            regerror(code, expression, &message, message.count)
            expression.deallocate()
            let detail = String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            throw PatternError(pattern: "/\(text)/", detail: detail)
        }
        compiled = expression
    }

    deinit {
        regfree(compiled)
        compiled.deallocate()
    }

    func matches(_ text: String) -> Bool { regexec(compiled, text, 0, nil, 0) == 0 }
}

/// What the field Package of a pin names: `[src:]pattern[:architecture]`.
struct PinnedName: Hashable, Sendable {
    /// Whether the name is that of a source package.
    let isSource: Bool
    let pattern: Pattern
    /// nil: the native one; or a name, or "any".
    let architecture: String?

    init(_ text: String) throws(PatternError) {
        var rest = Substring(text)
        isSource = rest.hasPrefix("src:")
        if isSource { rest = rest.dropFirst(4) }
        if let colon = rest.lastIndex(of: ":") {
            architecture = String(rest[rest.index(after: colon)...])
            rest = rest[..<colon]
        } else {
            architecture = nil
        }
        pattern = try Pattern(String(rest))
    }

    /// Without a wildcard it is the very name, in its own case.
    func means(_ name: String) -> Bool { pattern.isPattern ? pattern.matches(name) : pattern.text == name }
}
