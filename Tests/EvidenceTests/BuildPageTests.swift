import BuildGraph
import Primitives
import SystemPackage
import Testing

@testable import Evidence

#if canImport(Glibc)
import Glibc
#endif

/// The page about a build: one file that says all of it, to any browser, and nothing else than what it was given.
@Suite struct BuildPageTests {
    /// Those of a build whose results are not of this host: two that ran, and one that was fetched.
    private static let shared: Set<String> = ["live/overlay", "iso/image", "debian/gate"]

    /// Pages of all kinds, by what they are of.
    static let pages: [(name: String, page: BuildPage)] = [
        ("first", MadePage.page(of: MadePage.build())),
        ("large", MadePage.page(of: MadePage.build(), packages: 1200, moves: MadePage.moves(300))),
        (
            "next",
            MadePage.page(
                of: MadePage.build(changed: [
                    "live/includes", "live/overlay", "live/gate", "iso/digests", "iso/signature", "iso/image",
                ]),
                moves: MadePage.moves())
        ),
        (
            "shared",
            MadePage.page(of: MadePage.build(changed: ["live/overlay", "live/gate", "iso/image"], elsewhere: shared))
        ),
        ("fetched", MadePage.page(of: MadePage.build(changed: [], elsewhere: Set(MadePage.names)))),
        ("draft", MadePage.page(of: MadePage.build(isDraft: true))),
        ("failed", MadePage.page(of: MadePage.build(failing: "debian/zfs-module"))),
        (
            "hostile",
            MadePage.page(
                of: MadePage.build(text: MadePage.hostile), moves: MadePage.moves(text: MadePage.hostile),
                text: MadePage.hostile)
        ),
        (
            "one step",
            MadePage.page(
                of: BuildRecord(
                    number: 1, started: 1_795_959_048, duration: .milliseconds(1200), folder: "/src",
                    request: ["build", "debian/packages"], outcome: .succeeded, commit: nil, lock: nil,
                    causes: ["first run"],
                    phases: [],
                    steps: [
                        StepRun(
                            name: "debian/packages", stage: Stage(number: 2, name: "debian", title: "debian"),
                            title: "packages",
                            needs: [], outcome: .ran, began: .milliseconds(100), ended: .milliseconds(1100))
                    ]))
        ),
    ]

    /// The judge is a parser that stops at the first thing that the standard of HTML calls a parse error.
    @Test func everyPageIsValid() async throws {
        guard try await Judge.run("/usr/bin/python3 -c 'import html5lib'", "") == 0 else { return }
        let program =
            "/usr/bin/python3 -c \"import sys, html5lib; html5lib.HTMLParser(strict=True).parse(sys.stdin.buffer.read().decode())\""
        for (name, page) in Self.pages { #expect(try await Judge.run(program, page.html) == 0, "\(name)") }
        #expect(
            try await Judge.run(program, Self.pages[0].page.html.replacing("</section>", with: "")) != 0,
            "the judge can say no")
    }

    @Test func nothingIsMarkupThatWasText() throws {
        let html = try #require(Self.pages.first { $0.name == "hostile" }).page.html
        #expect(!html.contains("<script") && html.contains("&lt;script&gt;"))
        #expect(html.ranges(of: "</style>").count == 1)
        #expect(!html.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" && $0 != "\t" })
    }

    @Test func aPageNeedsNothingButItself() {
        for (name, page) in Self.pages {
            let html = page.html
            for word in ["src=", "href=", "url(", "@import", "http://", "https://", "<link", "<iframe"] {
                #expect(!html.contains(word), "\(name): \(word)")
            }
        }
    }

    @Test func theSameValuesGiveTheSameBytesAndALargeOneIsBelowAMegabyte() throws {
        let large = try #require(Self.pages.first { $0.name == "large" }).page
        #expect(large.html == large.html)
        #expect(large.html.utf8.count < 1_000_000, "\(large.html.utf8.count)")
    }

    @Test func itSaysOfEachStepWhetherItIsFromHere() throws {
        func page(_ name: String) throws -> String { try #require(Self.pages.first { $0.name == name }).page.html }
        let shared = try page("shared")
        #expect(shared.contains("3 steps ran (2 on workers), 1 came from the remote cache, 27 cached, in "))
        for words in ["1 ran here<", "2 ran on a worker<", "1 from the remote cache<", "27 cached<"] {
            #expect(shared.contains("</span>\(words)"), "\(words)")
        }
        #expect(
            shared.contains("iso/image <small>on a worker</small>")
                && shared.contains("<span class=\"name\">live/gate</span>"))
        #expect(shared.contains("<dt>ran</dt><dd>on a worker</dd>") && shared.contains("<dt>ran</dt><dd>here</dd>"))
        #expect(shared.contains("<p>1 came from the remote cache:</p>") && shared.contains("proven elsewhere"))
        let fetched = try page("fetched")
        #expect(fetched.contains("0 steps ran, 31 came from the remote cache, in "))
        #expect(fetched.contains("Nothing had to run") && !fetched.contains("were on record"))
        let first = try page("first")
        #expect(!first.contains("worker") && !first.contains("remote") && !first.contains("<dt>ran</dt>"))
    }

    @Test func itSaysWhatWasProvenWhatFailedAndWhatIsMissing() throws {
        func page(_ name: String) throws -> String { try #require(Self.pages.first { $0.name == name }).page.html }
        #expect(try page("first").contains("<span class=\"pill good\">proven</span>"))
        #expect(try page("first").contains("No earlier image of this name is on record"))
        #expect(try page("draft").contains("<span class=\"pill warn\">a draft, not proven</span>"))
        let failed = try page("failed")
        #expect(
            failed.contains("<span class=\"pill bad\">failed</span>")
                && failed.contains("implicit declaration of function"))
        #expect(!failed.contains("id=\"bytes\"") && failed.contains("did not begin"))
        #expect(try page("next").contains("1:2.3.7-4+deb13u1 → <b>1:2.3.7-4+deb13u2</b>"))
        #expect(try page("next").contains("25 were on record"))
        #expect(try page("first").contains("tested: 1 failed, 2 passed, 1 skipped"))
    }

    /// By Chromium, where it is there. With DEPLOY_KEEP_PAGES in the environment, the pages stay below /tmp, for people.
    @Test func noPageIsWiderThanAPhone() async throws {
        guard try await Judge.run("command -v chromium", "") == 0 else { return }
        let folder = FilePath("/tmp/kldload-pages-\(UInt64.random(in: 0 ... .max))")
        try Files.createDirectory(folder)
        defer { if getenv("DEPLOY_KEEP_PAGES") == nil { try? Files.remove(folder) } }
        for (name, page) in Self.pages {
            try Files.write(page.html.utf8, to: folder.appending("\(name.replacing(" ", with: "-")).html"))
        }
        let script = FilePath(#filePath).removingLastComponent().removingLastComponent().pushing("judges/look-at-page")
        #expect(try await Judge.run("\(script) \(folder)/*.html >&2", "") == 0)
        try Files.write(
            "<!DOCTYPE html><meta charset=utf-8><title>x</title><p style='width:900px'>wide".utf8,
            to: folder.appending("wide.html"))
        #expect(try await Judge.run("\(script) \(folder)/wide.html 2>/dev/null", "") != 0, "the judge can say no")
    }
}
