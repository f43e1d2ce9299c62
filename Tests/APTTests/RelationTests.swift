import Primitives
import Testing

@testable import APT

@Suite("Relations")
struct RelationTests {
    /// `alternatives | with bars`, one text per group, everything spelled out.
    static func read(_ text: String) throws -> [String] {
        let region = ByteRegion(Array(text.utf8))
        defer { withExtendedLifetime(region) {} }
        var parser = RelationParser(region.bytes, 0..<region.count)
        var groups: [String] = []
        while let relation = try parser.next() {
            var words = region.text(relation.name)
            switch relation.qualifier {
            case .none: break
            case .any: words += ":any"
            case .native: words += ":native"
            case .architecture(let range): words += ":" + region.text(range)
            }
            if let comparison = relation.comparison { words += " \(comparison) \(region.text(relation.version))" }
            if !relation.architectures.isEmpty { words += " [\(region.text(relation.architectures))]" }
            if relation.isAlternative { groups[groups.count - 1] += "|" + words } else { groups.append(words) }
        }
        return groups
    }

    @Test(
        "are read as Debian Policy 7.1 writes them",
        arguments: [
            ("", []), ("  ", []), ("a", ["a"]), ("a,b", ["a", "b"]), ("a | b , c", ["a|b", "c"]), ("a,", ["a"]),
            ("a (>= 1:2.0~rc1-3)", ["a >= 1:2.0~rc1-3"]), ("a(<<1)", ["a << 1"]),
            ("a (<= 1),b (= 2) | c (>> 3)", ["a <= 1", "b = 2|c >> 3"]),
            ("a (< 1), b (> 2)", ["a <= 1", "b >= 2"]), ("a ( =  1 )", ["a = 1"]),
            ("python3:any (>= 3.9)", ["python3:any >= 3.9"]), ("a:native, b:i386", ["a:native", "b:i386"]),
            ("a [amd64 i386], b (>= 1) [!armhf]", ["a [amd64 i386]", "b >= 1 [!armhf]"]),
            ("a <!nocheck>, b [any] <cross !x> <y>", ["a", "b [any]"]), ("a,\n b,\n\tc", ["a", "b", "c"]),
            ("libstdc++6, g++-14", ["libstdc++6", "g++-14"]),
        ] as [(String, [String])])
    func reading(text: String, groups: [String]) throws {
        #expect(try Self.read(text) == groups)
    }

    @Test(
        "that are broken are refused, with the place",
        arguments: [
            (",a", .missingName, 0), ("a,,b", .missingName, 2), ("a |", .missingName, 3), ("a | , b", .missingName, 4),
            ("a (>= 1", .unclosedVersion, 7), ("a (1)", .unknownOperator, 3), ("a (=> 1)", .unknownOperator, 3),
            ("a (>=)", .missingVersion, 5), ("a (>= 1 2)", .unclosedVersion, 8), ("a [amd64", .unclosedRestriction, 2),
            ("a b", .unexpectedText, 2), ("a:", .emptyQualifier, 2), ("a <x", .unclosedRestriction, 2),
            ("a (>>= 1)", .unknownOperator, 3), ("(>= 1)", .missingName, 0),
        ] as [(String, RelationSyntaxError.Problem, Int)])
    func errors(text: String, problem: RelationSyntaxError.Problem, offset: Int) {
        #expect(throws: RelationSyntaxError(problem: problem, offset: offset)) { try Self.read(text) }
    }

    @Test(
        "apply where their restriction admits the architecture",
        arguments: [
            ("a", true), ("a [amd64]", true), ("a [i386 amd64]", true), ("a [i386]", false), ("a [!amd64]", false),
            ("a [!i386 !armhf]", true), ("a [any]", true), ("a [linux-any]", true), ("a [any-amd64]", true),
        ] as [(String, Bool)])
    func restrictions(text: String, applies: Bool) throws {
        let region = ByteRegion(Array(text.utf8))
        defer { withExtendedLifetime(region) {} }
        var parser = RelationParser(region.bytes, 0..<region.count)
        #expect(try parser.next()?.applies(to: "amd64", in: region.bytes) == applies)
    }

    @Test("of any bytes are read or refused, and never hang")
    func randomBytes() {
        var random = SplitMix64(seed: 11)
        let alphabet = Array("ab1()<=>|,:[]! \n~".utf8)
        for _ in 0..<50_000 {
            let bytes = (0..<Int.random(in: 0...24, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? 0
            }
            let region = ByteRegion(bytes)
            defer { withExtendedLifetime(region) {} }
            var parser = RelationParser(region.bytes, 0..<region.count)
            var count = 0
            while (try? parser.next()) != nil { count += 1 }
            #expect(count <= bytes.count)
        }
    }
}
