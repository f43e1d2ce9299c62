import Primitives
import Testing

@testable import RPM

#if canImport(Glibc)
import Glibc
#endif

@Suite("Versions of RPM packages")
struct RPMVersionTests {
    @Test(
        "are in rpm's order",
        arguments: [
            ("1.0", "1.0", 0), ("1.0", "2.0", -1), ("2.0.1", "2.0.1a", -1), ("5.5p1", "5.5p10", -1),
            ("10xyz", "10.1xyz", -1),
            ("xyz10", "xyz10.1", -1), ("xyz.4", "8", -1), ("5.5p2", "5.6p1", -1), ("6.0.rc1", "6.0", 1),
            ("10b2", "10a1", 1), ("1.0aa", "1.0a", 1), ("10.0001", "10.0039", -1), ("4.999.9", "5.0", -1),
            ("20101121", "20101122", -1), ("2_0", "2.0", 0), ("a+", "a_", 0), ("+", "_", 0), ("1.0~rc1", "1.0", -1),
            ("1.0~rc1~git123", "1.0~rc1", -1), ("1.0^", "1.0", 1), ("1.0^git1", "1.0.1", -1),
            ("1.0^20160101", "1.0.1", -1),
            ("1.0~rc1^git1", "1.0~rc1", 1), ("1.0^git1~pre", "1.0^git1", -1), ("1:1.0", "2.0", 1), ("0:1.0", "1.0", 0),
            ("1.0-1", "1.0-2", -1), ("1.0-2.el9", "1.0-10.el9", -1), ("1.0", "1.0-1", -1), ("00", "0", 0),
            ("1.", "1", 0),
            ("", "1", -1), ("99999999999999999999", "100000000000000000000", -1),
        ])
    func order(a: String, b: String, expected: Int) {
        #expect(Self.sign(a, b) == expected)
        #expect(Self.sign(b, a) == -expected)
        if expected == 0 { #expect(RPMVersion(a).hashValue == RPMVersion(b).hashValue) }
    }

    @Test("have parts")
    func parts() {
        let whole = RPMVersion("2:5.1-beta-3.el9")
        #expect((whole.epoch, whole.version, whole.release) == ("2", "5.1-beta", "3.el9"))
        let bare = RPMVersion("5.1")
        #expect(bare.epoch == nil && bare.version == "5.1" && bare.release == nil)
        #expect(RPMVersion("0:1-1").text == "1-1")
    }

    @Test("compare as in rpm itself, on 100,000 pairs", .tags(.judge), .enabled(if: hasPythonRPM()))
    func judgedByRPM() throws {
        let pairs = Self.pairs(100_000)
        var template = Array("/tmp/rpm-tests-XXXXXX".utf8CString)
        let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        defer { _ = try? shell("rm -rf \(folder)") }
        let stream = try #require(fopen("\(folder)/pairs", "w"))
        fputs(pairs.map { "\($0) \($1)\n" }.joined(), stream)
        fclose(stream)
        let script = """
            import rpm
            def label(text):
                epoch, colon, rest = text.partition(":")
                epoch, rest = (epoch, rest) if colon else ("0", text)
                version, dash, release = rest.rpartition("-")
                return (epoch, version, release) if dash else (epoch, rest, "")
            for line in open("\(folder)/pairs"):
                a, b = line.split()
                print(rpm.labelCompare(label(a), label(b)))
            """
        let answers = try shell("/usr/bin/python3 - <<'SCRIPT'\n\(script)\nSCRIPT").split(separator: "\n").map {
            Int($0)
        }
        #expect(answers.count == pairs.count)
        for (pair, answer) in zip(pairs, answers) where Self.sign(pair.0, pair.1) != answer {
            Issue.record("\(pair): \(String(describing: answer)) for rpm")
        }
    }

    @Test("have one order, and hashes that fit it")
    func oneOrder() {
        let sorted = Self.pairs(120).flatMap { [RPMVersion($0.0), RPMVersion($0.1)] }.sorted()
        for i in sorted.indices {
            for j in i..<sorted.count {
                #expect(sorted[i] <= sorted[j])
                if sorted[i] == sorted[j] { #expect(sorted[i].hashValue == sorted[j].hashValue) }
            }
        }
    }

    private static func sign(_ a: String, _ b: String) -> Int {
        let (a, b) = (RPMVersion(a), RPMVersion(b))
        return a < b ? -1 : a > b ? 1 : 0
    }

    /// Pairs of versions, half of them near each other. Each has a release, since rpm's own labels do.
    static func pairs(_ count: Int) -> [(String, String)] {
        var random = SplitMix64(seed: 9)
        let pieces = [
            "0", "1", "2", "9", "10", "00", "01", ".", ".", "~", "^", "+", "_", "a", "b", "Z", "rc", "git", "~rc",
            "^git", "~~",
            "^^", "el9", "..", "99999999999999999999",
        ]
        func version() -> [String] {
            var parts = [String(Int.random(in: 0...3, using: &random))]
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                parts.append(pieces.randomElement(using: &random) ?? "0")
            }
            parts += ["-", pieces.randomElement(using: &random) ?? "0", pieces.randomElement(using: &random) ?? "0"]
            if Int.random(in: 0..<6, using: &random) == 0 {
                parts.insert("\(Int.random(in: 0...2, using: &random)):", at: 0)
            }
            return parts
        }
        return (0..<count).map { number in
            let a = version()
            var b = number.isMultiple(of: 2) ? a : version()
            if number.isMultiple(of: 2) {
                let place = Int.random(in: 0..<b.count, using: &random)
                if b[place] != "-", !b[place].hasSuffix(":") { b[place] += pieces.randomElement(using: &random) ?? "" }
            }
            return (a.joined(), b.joined())
        }
    }
}
