import Primitives
import Testing

@testable import APT

@Suite("Debian versions")
struct DebianVersionTests {
    /// Each later than the one before.
    static let ascending = [
        "~~", "~~a", "~", "0", "0a", "1~rc1-1", "1~rc1+b1", "1~rc2", "1", "1-0.1", "1-1", "1-1+b1", "1-1+deb13u1",
        "1-2~bpo12+1",
        "1-2", "1-10", "1a", "1+", "1.1", "1.2", "1.10", "1.10a", "2.0~", "2.0-1-1", "12", "1:0~", "1:0.1", "2:0",
    ]

    @Test("are ordered as deb-version(7) says", arguments: 1..<ascending.count)
    func order(index: Int) throws {
        let earlier = DebianVersion(unchecked: Self.ascending[index - 1].utf8)
        let later = DebianVersion(unchecked: Self.ascending[index].utf8)
        #expect(earlier < later)
        #expect(later > earlier)
        #expect(earlier != later)
    }

    @Test(
        "can be spelled in several ways",
        arguments: [("1.0", "1.0-0"), ("0:1", "1"), ("1.", "1.0"), ("1.01", "1.1"), ("a", "a0"), ("00:1-00", "1")])
    func equality(a: String, b: String) {
        let a = DebianVersion(unchecked: a.utf8)
        let b = DebianVersion(unchecked: b.utf8)
        #expect(a == b)
        #expect(a.hashValue == b.hashValue)
    }

    @Test(
        "that are none are refused with the reason",
        arguments: [
            ("", .empty), ("a:1", .epochNotANumber), (":1", .epochNotANumber), ("-1:1", .epochNotANumber),
            ("2147483648:1", .epochTooLarge), ("1:", .nothingAfterColon), ("1-", .emptyRevision),
            ("-1", .emptyUpstream), ("v1.5.5", .noDigitFirst), ("1:a2", .noDigitFirst), ("~1", .noDigitFirst),
            ("1 2", .badCharacter(0x20)), ("1_2", .badCharacter(0x5F)), ("1-2:3", .epochNotANumber),
            ("1:2-3:4", .badCharacter(0x3A)),
        ] as [(String, DebianVersionError.Problem)])
    func errors(text: String, problem: DebianVersionError.Problem) {
        #expect(throws: DebianVersionError(version: text, problem: problem)) { try DebianVersion(text) }
    }

    @Test(
        "are accepted as they are written", arguments: ["1:2.3~rc1+dfsg-4+b1", "0", "1:2:3", "1-2-3", "2147483647:0"])
    func accepts(text: String) throws {
        #expect(try DebianVersion(text).description == text)
    }

    @Test("of any bytes are in one total order")
    func randomBytes() {
        var random = SplitMix64(seed: 3)
        let alphabet = Array("0019az~+-:. \0é".utf8)
        let versions = (0..<300).map { _ in
            DebianVersion(
                unchecked: (0..<Int.random(in: 0...6, using: &random)).map { _ in
                    alphabet.randomElement(using: &random) ?? 0
                })
        }
        let sorted = versions.sorted()
        for i in sorted.indices {
            for j in i..<sorted.count {
                #expect(sorted[i] <= sorted[j])
                if sorted[i] == sorted[j] { #expect(sorted[i].hashValue == sorted[j].hashValue) }
            }
        }
    }

    /// Pairs of valid versions, half of them near each other.
    static func pairs(_ count: Int) -> [(String, String)] {
        var random = SplitMix64(seed: 42)
        let pieces = [
            "0", "1", "2", "9", "10", "00", "01", ".", ".", "~", "+", "a", "b", "Z", "rc", "dfsg", "~bpo", "~~", "+b1",
        ]
        func version() -> [String] {
            var parts = [String(Int.random(in: 0...3, using: &random))]
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                parts.append(pieces.randomElement(using: &random) ?? "0")
            }
            if Int.random(in: 0..<3, using: &random) == 0 {
                parts += ["-", pieces.randomElement(using: &random) ?? "0"]
            }
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

    private static func sign(_ a: String, _ b: String) -> Int {
        let a = DebianVersion(unchecked: a.utf8)
        let b = DebianVersion(unchecked: b.utf8)
        return a < b ? -1 : a > b ? 1 : 0
    }

    @Test(
        "are none where dpkg says so", .tags(.judge), .enabled(if: has("dpkg")),
        arguments: [
            "1", "v1", "1:a", "a:1", ":1", "1:", "1-", "-1", "~1", "1~", "1_2", "1 2", "1:2-3:4", "1:2:3", "1-2:3",
            "1-2-3", "2147483647:1", "2147483648:1", "1.0-b~1+c", "1+b", ".1", "1é", "1/2",
        ])
    func judgedAsSuch(text: String) throws {
        let answer = try shell("dpkg --validate-version '\(text)' 2>/dev/null && echo yes || echo no")
        #expect(((try? DebianVersion(text)) != nil) == answer.hasPrefix("yes"))
    }

    private static func hasDpkgsPerl() -> Bool {
        (try? shell("perl -MDpkg::Version -e 'print 1' 2>/dev/null || true")) == "1"
    }

    @Test("compare as in Debian's Perl modules, on 100,000 pairs", .tags(.judge), .enabled(if: hasDpkgsPerl()))
    func judgedByPerl() throws {
        let pairs = Self.pairs(100_000)
        let folder = try TemporaryFolder()
        let file = try folder.write("pairs", pairs.map { "\($0) \($1)\n" }.joined().utf8)
        let script = "while(<>){chomp;my($a,$b)=split / /;print version_compare($a,$b),\"\\n\"}"
        let answers = try shell("perl -MDpkg::Version -e '\(script)' \(file)").split(separator: "\n").map { Int($0) }
        #expect(answers.count == pairs.count)
        for (pair, answer) in zip(pairs, answers) where Self.sign(pair.0, pair.1) != answer {
            Issue.record("\(pair): \(String(describing: answer)) for dpkg")
        }
    }

    @Test("compare as dpkg itself does, on 400 pairs", .tags(.judge), .enabled(if: has("dpkg")))
    func judgedByDpkg() throws {
        let pairs = Self.pairs(400)
        let loop =
            "while read a b; do if dpkg --compare-versions $a lt $b; then echo -1; "
            + "elif dpkg --compare-versions $a gt $b; then echo 1; else echo 0; fi; done"
        let folder = try TemporaryFolder()
        let file = try folder.write("pairs", pairs.map { "\($0) \($1)\n" }.joined().utf8)
        let answers = try shell("(\(loop)) < \(file)").split(separator: "\n").map { Int($0) }
        #expect(answers == pairs.map { Self.sign($0, $1) })
    }
}
