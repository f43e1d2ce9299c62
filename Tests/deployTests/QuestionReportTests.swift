import Declaration
import Primitives
import Testing

@testable import Darksites
@testable import deploy

/// Answers to questions, as people and programs get to see them.
@Suite struct QuestionReportTests {
    private static let plain = Style(hasColours: false)

    private static func package(
        _ name: String, _ size: Int, request: String? = nil, isAdded: Bool = true, neededBy: String? = nil
    ) -> AdHocAnswer.Package {
        AdHocAnswer.Package(
            name: name, version: "1.0-\(size)", architecture: "amd64", size: ByteCount(size),
            installedSize: ByteCount(size * 3), request: request, isAdded: isAdded, neededBy: neededBy)
    }

    private static let answer = AdHocAnswer(
        ground: "profile core",
        packages: [
            package("bash", 5, isAdded: false), package("curl", 7, request: "curl", isAdded: false),
            package("lib", 12_000, neededBy: "web"), package("web", 90, request: "web"),
        ], replaced: [package("old", 3, isAdded: false)],
        groundTotal: AdHocAnswer.Total(packages: 3, download: ByteCount(15), installed: ByteCount(45)), remarks: [])
    private static let resolution = ResolutionAnswer(distribution: "debian", outcome: .possible(answer))

    @Test func whatIsAddedIsListedWithSums() {
        #expect(
            Self.resolution.text(Self.plain)
                == .results([
                    "*  curl  1.0-7      amd64    7 B",
                    "   lib   1.0-12000  amd64  12 kB",
                    "*  web   1.0-90     amd64   90 B",
                    "-  old   1.0-3      amd64    3 B",
                    "curl is in profile core already",
                    "- marks what profile core has without this, and not with it",
                    "added: 2 packages, 12 kB to download, 36 kB installed",
                    "profile core: 3 packages, 15 B to download, 45 B installed; "
                        + "together: 4 packages, 12 kB to download, 36 kB installed",
                ]))
    }

    @Test func coloursTakeNoRoomInATable() {
        let coloured = Self.resolution.text(Style(hasColours: true))
        #expect(coloured[0] == .result("*  \u{1B}[1mcurl\u{1B}[0m  1.0-7      amd64    7 B"))
    }

    @Test func aResolutionIsOneObjectWithAllPackages() throws {
        let json = try #require(Self.resolution.json?.text)
        #expect(
            json.hasPrefix(
                #"{"distribution":"debian","possible":true,"on":"profile core","packages":[{"name":"bash","version":"1.0-5","#
            ))
        #expect(json.contains(#""installed_size":270,"added":true,"request":"web"}"#))
        #expect(json.contains(#""added":true,"needed_by":"web"}"#))
        #expect(json.contains(#""added":{"packages":2,"size":12090,"installed_size":36270}"#))
        let impossible = AdHocImpossible(
            requests: ["a", "b"], ground: nil, steps: ["One.", "Two."], remedies: ["leave out a or b"])
        let answer = ResolutionAnswer(distribution: "debian", outcome: .impossible(impossible))
        #expect(answer.text(Self.plain).isEmpty)
        #expect(
            answer.json?.text
                == #"{"distribution":"debian","possible":false,"requests":["a","b"],"#
                + #""what":"a and b can't be installed together","steps":["One.","Two."],"remedies":["leave out a or b"]}"#
        )
        #expect(
            ErrorReport(style: Self.plain).lines(impossible) == [
                "error: a and b can't be installed together", "   1. One.", "   2. Two.", "   → leave out a or b",
            ])
        #expect(ErrorReport.exitCode(impossible) == 1)
    }

    private static func broken(_ name: String, _ chain: [String], _ steps: [String]) -> InstallabilityReport.Package {
        InstallabilityReport.Package(name: name, version: "1", architecture: "all", steps: steps, chain: chain)
    }

    private static let check = InstallabilityReport(
        checked: 9,
        causes: [
            InstallabilityReport.Cause(
                what: "nothing is called or provides gone",
                packages: [
                    broken("a", ["a", "b"], ["a 1 all depends on b: only b 1 all will do.", "b … gone …"]),
                    broken("b", ["b"], ["b … gone …"]),
                ]),
            InstallabilityReport.Cause(
                what: "x conflicts with y", packages: [broken("c", ["c", "x"], ["1", "2", "3"])]),
        ])

    @Test func brokenPackagesStandBelowTheirCause() {
        func answer(_ report: InstallabilityReport) -> CheckAnswer {
            CheckAnswer(distribution: "debian", report: report, took: .milliseconds(120))
        }
        #expect(
            answer(Self.check).text(Self.plain)
                == .results([
                    "debian: 3 of 9 packages can't be installed, for 2 reasons (120 ms)", "",
                    "nothing is called or provides gone", "  a 1 all → b", "  b 1 all", "", "x conflicts with y",
                    "  c 1 all", "      1", "      2", "      3",
                ]))
        #expect(
            answer(InstallabilityReport(checked: 9, causes: [])).text(Self.plain)
                == [.result("debian: all 9 packages can be installed (120 ms)")])
        #expect(
            answer(Self.check).json?.text.hasPrefix(
                #"{"distribution":"debian","checked":9,"broken":3,"seconds":0.12,"causes":[{"what":"nothing is called"#)
                == true)
    }

    @Test func aFindingSaysWhoCarriesItAndWhoAsksForIt() {
        let line = PackageSetEntry(
            name: "curl", location: SourceLocation(file: "package-sets/debian/core.txt", line: 2), line: "curl",
            text: "curl")
        let findings = [
            PackageFinding(
                name: "curl", version: "8.1", architecture: "amd64", suites: ["trixie", "trixie-security"],
                summary: "fetches", profiles: ["core", "server"], lockedVersion: "8.0", lines: [line]),
            PackageFinding(
                name: "libcurl", version: "8.1", architecture: "amd64", suites: ["trixie"], summary: "", profiles: [],
                lockedVersion: nil, lines: []),
        ]
        let answer = SearchAnswer(distribution: "debian", findings: findings)
        #expect(
            answer.text(Self.plain)
                == .results([
                    "curl 8.1 amd64, trixie, trixie-security  fetches",
                    "    locked for core, server as 8.0 · package-sets/debian/core.txt:2 curl",
                    "libcurl 8.1 amd64, trixie",
                ]))
        #expect(
            answer.json?.text
                == #"{"distribution":"debian","packages":[{"name":"curl","version":"8.1","architecture":"amd64","#
                + #""suites":["trixie","trixie-security"],"summary":"fetches","profiles":["core","server"],"#
                + #""locked_version":"8.0","#
                + #""sets":[{"file":"package-sets/debian/core.txt","line":2,"text":"curl"}]},"#
                + #"{"name":"libcurl","version":"8.1","architecture":"amd64","suites":["trixie"],"summary":"","#
                + #""profiles":[],"sets":[]}]}"#)
    }
}
