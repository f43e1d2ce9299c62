import Packages
import Primitives
import SystemPackage
import Testing

@testable import Declaration

@Suite struct PackageSetTests {
    private func parse(_ text: String) throws -> PackageSet {
        try PackageSet(parsing: text, name: "server", file: "server.txt")
    }

    private func errors(_ text: String) -> [String] {
        do {
            let set = try parse(text)
            Issue.record("no error in \(text): \(set)")
            return []
        } catch let errors as UserErrors {
            return errors.errors.map { "\($0.location?.line ?? 0):\($0.location?.column ?? 0) \($0.what)" }
        } catch {
            return ["\(error)"]
        }
    }

    @Test func everyFormOfTheSyntaxIsRead() throws {
        let set = try parse(
            """
            # a comment
            @include base   # and one more
            htop
            nginx/trixie-backports
            \tlinux-image-amd64=6.12.57+deb13-1
            libc6:i386 [amd64]
            firmware-amd-graphics [amd64 i386] # why
            nvtop?
            -exim4-base
            zfs=1:2.3.4~rc1-1^a_b?
            """)
        #expect(
            set.includes == [PackageSetReference("base", at: SourceLocation(file: "server.txt", line: 2, column: 10))])
        #expect(
            set.entries.map(\.meaning) == [
                ["wanted", "htop", "", "", ""],
                ["wanted", "nginx", "", "", "trixie-backports"],
                ["wanted", "linux-image-amd64", "", "6.12.57+deb13-1", ""],
                ["wanted", "libc6", "i386", "", ""],
                ["wanted", "firmware-amd-graphics", "", "", ""],
                ["optional", "nvtop", "", "", ""],
                ["forbidden", "exim4-base", "", "", ""],
                ["optional", "zfs", "", "1:2.3.4~rc1-1^a_b", ""],
            ])
        #expect(set.entries[4].restriction == ["amd64", "i386"])
        #expect(set.entries[2].location == SourceLocation(file: "server.txt", line: 5, column: 2))
        #expect(set.entries[4].line == "firmware-amd-graphics [amd64 i386] # why")
        #expect(set.entries[4].text == "firmware-amd-graphics")
    }

    @Test(arguments: [
        ("htop curl", "1:6 \"curl\" on the same line as \"htop\""),
        ("htop, curl", "1:5 \",\" where the end of the line should be"),
        ("@includ base", "1:1 there is no @includ that takes a word"),
        ("@", "1:2 the name of a group is missing"),
        ("@^", "1:3 the name of a group is missing"),
        ("@core[x86_64]", "1:6 \"[\" where the end of the line should be"),
        ("-@core", "1:2 \"@\" where a package name should be"),
        ("@include", "1:9 @include lacks the name of a set"),
        ("@include ../x", "1:10 \"..\" is no name of a set"),
        ("@include base core", "1:15 \"core\" on the same line as \"@include base\""),
        ("-htop?", "1:6 -htop cannot be optional"),
        ("-htop=1", "1:6 what is forbidden is forbidden in every version"),
        ("htop=1/sid", "1:7 \"htop=1/sid\" says too much"),
        ("htop=", "1:6 a version after = is missing"),
        ("htop:", "1:6 an architecture after : is missing"),
        ("htop [amd64", "1:6 [ without ]"),
        ("htop []", "1:6 [] names no architecture"),
        ("htop [!amd64]", "1:7 \"!\" where an architecture such as amd64 should be"),
        ("htop\u{A0}# why", "1:5 U+00A0, a no-break space, where the end of the line should be"),
        ("\u{200B}htop", "1:1 U+200B, a space without width, where a package name should be"),
        ("curl (>= 8)", "1:6 \"(\" where the end of the line should be"),
        ("curl>=8", "1:5 \">\" where the end of the line should be"),
        ("./my/x.deb", "1:1 \"./my/x.deb\" is a file, and a set has names of packages"),
        ("/srv/x.rpm # a", "1:1 \"/srv/x.rpm\" is a file, and a set has names of packages"),
        ("x_1.0_amd64.deb", "1:1 \"x_1.0_amd64.deb\" is a file, and a set has names of packages"),
        ("htöp", "1:3 \"ö\" where the end of the line should be"),
        ("é htop", "1:1 \"é\" where a package name should be"),
        ("ht\u{1B}op", "1:3 U+1B where the end of the line should be"),
        ("<<<<<<< HEAD", "1:1 \"<\" where a package name should be"),
        ("htop?x", "1:6 \"x\" where the end of the line should be"),
    ])
    func anythingElseIsAnErrorAtItsPlace(text: String, expected: String) {
        #expect(errors(text) == [expected])
    }

    @Test(arguments: [
        ("curl (>= 8)", "name=1.2-3"), ("a | b", "write the one that is wanted"), ("a, b", "one package a line"),
        ("a\u{A0}", "ordinary space"), ("./x.deb", "declare the folder"), ("a [!amd64]", "name those that it is for"),
    ])
    func whatToWriteInsteadIsSaid(text: String, words: String) {
        let error = #expect(throws: UserErrors.self) { try parse(text) }
        #expect(error?.hint?.contains(words) == true, "\(error?.hint ?? "")")
    }

    @Test func filesOfWindowsAreRead() throws {
        let set = try parse("\u{FEFF}curl\r\n# x\r\n\r\nzsh  \r\n")
        #expect(set.entries.map(\.name) == ["curl", "zsh"])
        #expect(set.entries[0].location.column == 1)
    }

    @Test func aSetSaysWhetherRecommendationsCount() throws {
        #expect(try PackageSet(parsing: "a\n", name: "s", file: "s").followsRecommends == false)
        let set = try PackageSet(parsing: "a\n  @recommends  # a desktop\n", name: "s", file: "s")
        #expect(set.followsRecommends && set.entries.map(\.name) == ["a"])
        #expect(throws: UserErrors.self) { try PackageSet(parsing: "@recommends a\n", name: "s", file: "s") }
    }

    @Test func groupsAreEntriesWhoseNameBeginsWithTheirSign() throws {
        let set = try PackageSet(
            parsing: "@core # all of it\n@^minimal-environment\n@guest-agents?\n@include base\n", name: "x",
            file: "x.txt")
        #expect(set.entries.map(\.group) == ["core", "minimal-environment", "guest-agents"])
        #expect(set.entries.map(\.kind) == [.wanted, .wanted, .optional])
        #expect(set.entries.map(\.text) == ["@core", "@^minimal-environment", "@guest-agents?"])
        #expect(set.includes.map(\.name) == ["base"])
        #expect(try PackageSet(parsing: "core\n", name: "x", file: "x.txt").entries[0].group == nil)
    }

    @Test func allErrorsOfAFileAreToldAtOnce() {
        #expect(errors("a b\nok\n=1\r\n\n@x y").map { $0.prefix(3) } == ["1:3", "3:1", "5:1"])
    }

    @Test func anErrorShowsTheLineWithAMark() throws {
        let entry = try parse("\n  ngnix # web\n").entries[0]
        #expect(
            entry.excerpt(note: "did you mean nginx?") == [
                "    2 |   ngnix # web", "      |   ^^^^^  did you mean nginx?",
            ])
    }

    @Test(arguments: [
        ("ngnix", "nginx"), ("libc", "libc6"), ("openssh-sever", "openssh-server"), ("xyzzy-unlike-anything", nil),
        ("zf", "zfs"), ("a", nil), ("NGINX", "nginx"), ("OpenSSH-Server", "openssh-server"),
    ])
    func theNearestNameIsSuggested(name: String, expected: String?) {
        #expect(NearestNames.nearest(to: name, in: ["nginx", "libc6", "openssh-server", "zfs", "b"]) == expected)
    }
}
