import Testing

@testable import RPM

@Suite("Relations of RPM packages")
struct RichRelationTests {
    static func parse(_ text: String) throws -> String {
        var copy = text
        return try copy.withUTF8 { utf8 in
            let bytes = UnsafeRawBufferPointer(utf8)
            return shown(try RichRelationParser.parse(bytes), bytes)
        }
    }

    private static func shown(_ relation: RichRelation, _ text: UnsafeRawBufferPointer) -> String {
        func all(_ parts: [RichRelation]) -> String { parts.map { shown($0, text) }.joined(separator: " ") }
        func part(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }
        switch relation {
        case .name(let name, let flags, let version):
            return part(name) + (flags.symbol.isEmpty ? "" : "\(flags.symbol)\(part(version))")
        case .and(let parts): return "and[\(all(parts))]"
        case .or(let parts): return "or[\(all(parts))]"
        case .if(let one, let other, let third):
            return "if[\(all([one, other] + (third.map { [$0] } ?? [])))]"
        case .unless(let one, let other, let third):
            return "unless[\(all([one, other] + (third.map { [$0] } ?? [])))]"
        case .with(let one, let other): return "with[\(all([one, other]))]"
        case .without(let one, let other): return "without[\(all([one, other]))]"
        }
    }

    @Test(
        "are read",
        arguments: [
            ("a", "a"), ("perl(Carp)", "perl(Carp)"), ("a >= 1:2-3", "a>=1:2-3"), ("a<2", "a<2"), ("(a)", "a"),
            ("(a and b and c)", "and[a b c]"), ("(a or (b and c))", "or[a and[b c]]"), ("(a if b)", "if[a b]"),
            ("(a if b else c)", "if[a b c]"), ("(a unless b else (c or d))", "unless[a b or[c d]]"),
            ("(a >= 1 with a < 2)", "with[a>=1 a<2]"), ("(a without b)", "without[a b]"),
            ("((a < 1 or a > 1) with a >= 0.5)", "with[or[a<1 a>1] a>=0.5]"),
            (
                "(systemd-boot if (filesystem(x86-32) or filesystem(x86-64)))",
                "if[systemd-boot or[filesystem(x86-32) filesystem(x86-64)]]"
            ),
            ("( a  and   b )", "and[a b]"), ("(a with b with c)", "with[with[a b] c]"),
            // A comparison sign inside of a name belongs to it.
            ("font(:lang=en)", "font(:lang=en)"),
        ])
    func read(text: String, expected: String) throws {
        #expect(try Self.parse(text) == expected)
    }

    @Test(
        "that mean nothing are refused",
        arguments: [
            ("", .missingName), ("(", .missingName), ("(a", .missingParenthesis), ("(a and)", .missingName),
            ("(a and b", .missingParenthesis),
            ("(a and b or c)", .mixedWords), ("(a nor b)", .unknownWord), ("(a >= )", .missingVersion),
            ("a >=", .missingVersion),
            ("(a) b", .trailingText), ("(a if b if c)", .missingParenthesis), ("((a and b) with c)", .notSelective),
            ("(a without b without c)", .missingParenthesis),
        ] as [(String, RichRelationError.Problem)])
    func refused(text: String, problem: RichRelationError.Problem) {
        let error = #expect(throws: RichRelationError.self) { try Self.parse(text) }
        #expect(error?.problem == problem)
    }

    @Test("nested without end are refused and end no process")
    func deep() {
        let text = String(repeating: "(a and ", count: 100_000) + "b" + String(repeating: ")", count: 100_000)
        let error = #expect(throws: RichRelationError.self) { try Self.parse(text) }
        #expect(error?.problem == .tooDeep)
    }

    @Test(
        "overlap as in rpm",
        arguments: [
            ("=", "1-1", ">=", "1", true), ("=", "1-1", "=", "1", true), ("=", "1-1", "=", "1-2", false),
            ("=", "1-1", ">", "1", false), ("=", "1-1", "<", "1", false), ("=", "1", "=", "1-5", true),
            ("=", "2", "<", "2", false), ("=", "2", "<=", "2", true), (">=", "3", "<", "3", false),
            (">=", "3", "<", "4", true),
            ("<", "3", ">", "2", true), (">", "1", ">=", "9", true), ("=", "1:1-1", ">=", "2", true),
            ("", "", ">=", "2", true),
            ("=", "1-1", "", "", true),
        ])
    func overlap(mine: String, version: String, theirs: String, other: String, expected: Bool) {
        func flags(_ text: String) -> RelationFlags {
            var flags: RelationFlags = []
            if text.contains("<") { flags.insert(.less) }
            if text.contains(">") { flags.insert(.greater) }
            if text.contains("=") { flags.insert(.equal) }
            return flags
        }
        var (version, other) = (version, other)
        let found = version.withUTF8 { a in
            other.withUTF8 { b in
                flags(mine).overlaps(UnsafeRawBufferPointer(a), flags(theirs), UnsafeRawBufferPointer(b))
            }
        }
        #expect(found == expected)
    }
}
