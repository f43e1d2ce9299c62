import APT
import Locking
import Primitives
import Testing

@testable import Darksites

/// Requests that can't be met: the explanation names what is to blame, nothing else, and what could be changed.
@Suite("What can't be had")
struct UnsolvableTests {
    struct Case: CustomTestStringConvertible {
        var name: String
        var stable: [String]
        var backports: [String] = []
        var foreign: [String] = []
        var lines: [String]
        var pins: [(packages: String, pin: String, priority: Int)] = []
        /// What the error is called.
        var what: String
        /// Parts of sentences that must be there.
        var names: [String]
        /// Words that must not be there.
        var avoids: [String] = []
        /// Parts of the hint.
        var hints: [String] = []
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "a missing dependency deep down",
            stable: [
                "app 1; Depends: mid, fine", "mid 1; Depends: deep", "deep 1; Depends: gone", "fine 1", "other 1",
            ],
            lines: ["other", "app"], what: "app can't be installed",
            names: [
                "app 1 amd64 depends on mid", "mid 1 amd64 depends on deep", "deep 1 amd64 depends on gone", "2 | app",
            ],
            avoids: ["fine", "other"], hints: ["no package is called gone, and none provides it"]),
        Case(
            name: "a version that is too low", stable: ["app 1; Depends: lib (>= 2)", "lib 1"], lines: ["app", "lib"],
            what: "app can't be installed", names: ["app 1 amd64 depends on lib (>= 2), and nothing satisfies that"],
            avoids: ["2 | lib"], hints: ["there is lib 1 (stable)"]),
        Case(
            name: "a version that is too high", stable: ["app 1; Depends: lib (<< 2)", "lib 2"], lines: ["app"],
            what: "app can't be installed", names: ["depends on lib (<< 2)"], hints: ["there is lib 2 (stable)"]),
        Case(
            name: "a version that only backports have", stable: ["app 1; Depends: lib (>= 2)", "lib 1"],
            backports: ["lib 2"], lines: ["app"], what: "app can't be installed", names: ["depends on lib (>= 2)"],
            hints: [
                "lib 2 (stable-backports) would do, but lib 1 is the candidate: ask for lib/stable-backports, or pin it"
            ]
        ),
        Case(
            name: "an older version that is no candidate", stable: ["app 1; Depends: lib (= 1)", "lib 1", "lib 2"],
            lines: ["app"], what: "app can't be installed", names: ["depends on lib (= 1)"],
            hints: ["lib 1 (stable) would do, but lib 2 is the candidate: ask for lib=1, or pin it"]),
        Case(
            name: "a version that another line chose", stable: ["app 1; Depends: lib (>= 2)", "lib 1", "lib 2"],
            lines: ["app", "lib=1"], what: "app can't be installed", names: ["depends on lib (>= 2)"],
            hints: ["because \"lib=1\" (set.txt:2) asks for it: change that line"]),
        Case(
            name: "two lines in conflict", stable: ["one 1", "two 1; Conflicts: one", "three 1"],
            lines: ["one", "three", "two"], what: "one and two can't be installed together",
            names: ["two 1 amd64 conflicts with one", "1 | one", "3 | two"], avoids: ["three"],
            hints: ["remove one of them, or put them into different profiles"]),
        Case(
            name: "a conflict through a virtual package",
            stable: [
                "exim 1; Provides: mta; Conflicts: mta", "postfix 1; Provides: mta; Conflicts: mta", "nullmailer 1",
            ], lines: ["exim", "postfix"], what: "exim and postfix can't be installed together",
            names: ["conflicts with mta", "exim 1", "postfix 1"], avoids: ["nullmailer"]),
        Case(
            name: "Breaks", stable: ["new 2; Breaks: old (<< 2)", "old 1"], lines: ["new", "old"],
            what: "new and old can't be installed together", names: ["new 2 amd64 breaks old (<< 2)", "old 1"]),
        Case(
            name: "a conflict of what two lines need",
            stable: ["a1 1; Depends: x", "b1 1; Depends: y", "x 1", "y 1; Conflicts: x"], lines: ["a1", "c1", "b1"],
            what: "a1 and b1 can't be installed together",
            names: ["a1 1 amd64 depends on x", "b1 1 amd64 depends on y", "y 1 amd64 conflicts with x"], avoids: ["c1"]),
        Case(
            name: "alternatives that fail for different reasons",
            stable: ["app 1; Depends: p1 | q1 | r1", "p1 1; Depends: gone", "q1 1; Conflicts: host", "host 1"],
            lines: ["host", "app"], what: "app and host can't be installed together",
            names: [
                "app 1 amd64 depends on p1 | q1 | r1", "p1 1 amd64 depends on gone", "q1 1 amd64 conflicts with host",
            ], hints: ["no package is called gone"]),
        Case(
            name: "pins that forbid", stable: ["app 1; Depends: lib", "lib 1"], lines: ["app"],
            pins: [("lib", "version *", -1)], what: "app can't be installed", names: ["depends on lib"],
            hints: ["the pins forbid every version of lib, such as lib 1 (stable): change the pins"]),
        Case(
            name: "a line that forbids", stable: ["app 1; Depends: lib", "lib 1", "other 1"],
            lines: ["other", "app", "-lib"], what: "app can't be installed", names: ["lib 1 amd64 is excluded"],
            avoids: ["other"], hints: ["\"-lib\" (set.txt:3) keeps it out: remove that line"]),
        Case(
            name: "a line that forbids every provider",
            stable: ["app 1; Depends: mta", "exim 1; Provides: mta", "postfix 1; Provides: mta"],
            lines: ["app", "-exim", "-postfix"], what: "app can't be installed",
            names: ["exim 1 amd64 is excluded", "postfix 1 amd64 is excluded"],
            hints: ["\"-exim\" (set.txt:2) keeps it out", "\"-postfix\" (set.txt:3) keeps it out"]),
        Case(
            name: "a foreign package that serves nobody here", stable: ["app 1; Depends: lib"], foreign: ["lib 1 i386"],
            lines: ["app"], what: "app can't be installed", names: ["depends on lib"],
            hints: ["lib is there for i386, which does not serve here"]),
        Case(
            name: "two versions of one library for two architectures", stable: ["lib 1; Multi-Arch: same"],
            foreign: ["lib 2 i386; Multi-Arch: same"], lines: ["lib", "lib:i386"],
            what: "lib and lib:i386 can't be installed together",
            names: ["lib 1 amd64", "lib 2 i386", "can't be installed for another architecture beside it"]),
        Case(
            name: "a package that is for one architecture at a time", stable: ["tool 1; Multi-Arch: foreign"],
            foreign: ["tool 1 i386; Multi-Arch: foreign"], lines: ["tool", "tool:i386"],
            what: "tool and tool:i386 can't be installed together", names: ["tool 1 amd64", "tool 1 i386"]),
        Case(
            name: "any architecture of a package that does not allow it", stable: ["app 1; Depends: py:any", "py 1"],
            lines: ["app"], what: "app can't be installed", names: ["depends on py:any"],
            hints: ["py is there for amd64, which does not serve here"]),
        Case(
            name: "a versioned relation and a Provides without version",
            stable: ["app 1; Depends: api (>= 2)", "lib 5; Provides: api"], lines: ["app"],
            what: "app can't be installed", names: ["depends on api (>= 2)"],
            hints: ["lib 5 provides api without a version"]),
        Case(
            name: "a versioned Provides that is too low",
            stable: ["app 1; Depends: api (>= 2)", "lib 5; Provides: api (= 1)"], lines: ["app"],
            what: "app can't be installed", names: ["depends on api (>= 2)"], hints: ["lib 5"]),
        Case(
            name: "siblings of one source in different versions",
            stable: ["curl 8.2; Depends: libcurl (= 8.2)", "libcurl 8.1; Source: curl (8.1)"], lines: ["curl"],
            what: "curl can't be installed", names: ["curl 8.2 amd64 depends on libcurl (= 8.2)"],
            hints: ["there is libcurl 8.1"]),
        Case(
            name: "a kernel whose module is missing",
            stable: [
                "linux-image-amd64 6.12; Depends: linux-image-6.12.1-amd64", "linux-image-6.12.1-amd64 6.12",
                "zfsutils 2.3; Depends: zfs-modules | zfs-dkms", "zfs-dkms 2.3; Depends: linux-headers",
            ], lines: ["linux-image-amd64", "zfsutils"], what: "zfsutils can't be installed",
            names: ["depends on zfs-modules | zfs-dkms", "zfs-dkms 2.3 amd64 depends on linux-headers"],
            avoids: ["linux-image"], hints: ["no package is called linux-headers"]),
        Case(
            name: "a package against what it needs", stable: ["app 1; Depends: lib", "lib 1; Conflicts: app"],
            lines: ["app"], what: "app can't be installed", names: ["lib 1 amd64 conflicts with app"]),
        Case(
            name: "a diamond with two versions",
            stable: [
                "app 1; Depends: l1, r1", "l1 1; Depends: lib (= 1)", "r1 1; Depends: lib (= 2)", "lib 1", "lib 2",
            ], lines: ["app"], what: "app can't be installed", names: ["l1 1 amd64 depends on lib (= 1)"],
            avoids: ["r1 1"], hints: ["lib 1 (stable) would do, but lib 2 is the candidate"]),
        Case(
            name: "a line against the essential system",
            stable: ["init 1; Essential: yes", "runit 1; Conflicts: init"],
            lines: ["runit"], what: "runit can't be installed",
            names: ["the base system's init", "runit 1 amd64 conflicts with init"]),
        Case(
            name: "an essential package that is broken", stable: ["init 1; Essential: yes; Depends: gone", "app 1"],
            lines: ["app"], what: "the base system can't be installed", names: ["init 1 amd64 depends on gone"],
            avoids: ["app"]),
        Case(
            name: "an optional line is never to blame",
            stable: ["app 1; Depends: gone", "maybe 1; Conflicts: app"], lines: ["maybe?", "app"],
            what: "app can't be installed", names: ["depends on gone"], avoids: ["maybe"]),
        Case(
            name: "relations that do not parse", stable: ["app 1; Depends: lib", "lib 1; Depends: x (>= "],
            lines: ["app"], what: "app can't be installed",
            names: [
                "lib 1 amd64 depends on",
                "because package lib in made stable/main, field Depends: a version is missing",
            ]),
        Case(
            name: "Conflicts that do not parse", stable: ["app 1; Conflicts: x (>= 1"], lines: ["app"],
            what: "app can't be installed",
            names: ["because package app in made stable/main, field Conflicts: a parenthesis is not closed"]),
        Case(
            name: "a suite that lacks what its package needs",
            stable: ["lib 1"], backports: ["app 2; Depends: lib (>= 3)", "lib 2"], lines: ["app/stable-backports"],
            what: "app/stable-backports can't be installed", names: ["app 2 amd64 depends on lib (>= 3)"],
            hints: ["there is lib 1 (stable)"]),
    ]

    @Test("is explained by what is to blame and nothing else", arguments: cases)
    func explained(item: Case) throws {
        let pins = try item.pins.map { try Pin(packages: $0.packages, pin: $0.pin, priority: $0.priority) }
        let made = MadeCatalog(
            stable: item.stable + ["c1 1"], backports: item.backports, foreign: item.foreign)
        let errors = try #require(throws: UserErrors.self) { try made.resolve(item.lines, pins: pins) }
        let error = try #require(errors.errors.first)
        #expect(errors.errors.count == 1)
        #expect(error.what == "profile core: \(item.what)")
        #expect(error.isUsageError)
        let details = error.details.joined(separator: "\n")
        for name in item.names { #expect(details.contains(name), "\(details)") }
        for word in item.avoids { #expect(!details.contains(word) && !(error.hint ?? "").contains(word), "\(details)") }
        for hint in item.hints { #expect(error.hint?.contains(hint) == true, "\(error.hint ?? "no hint")\n\(details)") }
    }

    @Test("is left out with a remark where it is optional")
    func optional() throws {
        let made = MadeCatalog(stable: ["app 1", "maybe 1; Conflicts: app", "broken 1; Depends: gone"])
        let resolution = try made.resolve(["app", "maybe?", "broken?", "none?"])
        #expect(resolution.locked.packages.map(\.name) == ["app"])
        #expect(resolution.remarks.count == 3)
        for name in ["maybe", "broken", "none"] {
            #expect(resolution.remarks.contains { $0.contains("\(name)?") && $0.contains("goes without") })
        }
    }
}
