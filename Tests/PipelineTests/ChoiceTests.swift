import APT
import Primitives
import Testing

@testable import Darksites

/// Whatever is resolved is resolved as apt would: for a profile that goes into the lock, and for a question.
@Suite("Packages are chosen as by apt")
struct ChoiceTests {
    /// apt takes the first alternative, though the second comes in later; the fewest packages would go without it. `ResolutionTests`
    /// and `PolicyTests` have more, judged by apt itself.
    private static func made() throws -> MadeCatalog {
        try MadeCatalog(
            "app 1; Depends: first | second, later", "first 1", "second 1", "later 1; Depends: second",
            "light 1; Recommends: more", "more 1; Depends: first | second, later",
            "init 1; Essential: yes; Priority: required")
    }
    private static let answer = ["app", "first", "init", "later", "second"]

    @Test("in a profile") func profile() throws {
        #expect(try Self.made().ground(["app"]) == Self.answer)
    }

    @Test("on nothing") func nothing() throws {
        let names = try Self.made().resolve("app", on: .nothing).packages.map(\.name)
        #expect(names == Self.answer.filter { $0 != "init" })
    }

    @Test("on the base system") func base() throws {
        #expect(try Self.made().resolve("app").packages.map(\.name) == Self.answer)
    }

    @Test("on a profile") func onProfile() throws {
        let made = try Self.made()
        #expect(try made.resolve("app", on: made.profile([])).packages.map(\.name) == Self.answer)
    }

    @Test("with what is recommended") func recommended() throws {
        let names = try Self.made().resolve("light", on: .nothing, recommends: true).packages.map(\.name)
        #expect(names == ["first", "later", "light", "more", "second"])
    }

    @Test("a name that several packages provide is chosen by nobody, one that a single one provides is taken")
    func virtual() throws {
        let made = try MadeCatalog("exim 1; Provides: mta, smtp", "postfix 1; Provides: mta", "app 1; Depends: mta")
        #expect(try made.resolve("smtp", on: .nothing).packages.map(\.name) == ["exim"])
        #expect(try made.resolve("app", on: .nothing).packages.map(\.name) == ["app", "postfix"])
        let errors = #expect(throws: UserErrors.self) { try made.resolve("mta", on: .nothing) }
        #expect(errors?.errors.first?.what.contains("several provide it, and apt chooses none of them") == true)
        #expect(errors?.errors.first?.hint == "name one of exim, postfix")
        #expect(throws: UserErrors.self) { try made.ground(["mta"]) }
        // What is kept out leaves no choice.
        #expect(try made.ground(["mta", "-exim"]) == ["postfix"])
        #expect(try made.resolve("mta", "-postfix", on: .nothing).packages.map(\.name) == ["exim"])
    }

    @Test("what is in for its Priority alone is said where it is not the distribution's")
    func priority() throws {
        let own = IndexOrigin(repository: "acme", suite: "stable", component: "main")
        let made = try MadeCatalog("dpkg 1; Essential: yes", "bash 1; Priority: required", "app 1")
            .adding(own, "agent 1; Priority: required", "bash 2; Priority: required")
        #expect(
            try made.resolve("app").remarks == [
                "agent (acme stable/main) is in though no set names it: its index says Priority: required, as of a package "
                    + "of the base system"
            ])
        #expect(try made.resolve("app", on: made.profile(["agent"])).remarks == [])
    }

    @Test("what dpkg would refuse is refused before it is downloaded, with the line that asks for it")
    func refused() throws {
        let made = try MadeCatalog("team v1.5.5", "app 1; Depends: team", "_odd 1", "fine 1~rc1")
        let errors = try #require(throws: UserErrors.self) { try made.ground(["fine", "app"]) }
        let error = try #require(errors.errors.first)
        #expect(
            error.what
                == "profile core: dpkg refuses to install team v1.5.5 amd64: \"v1.5.5\" is not a Debian version: "
                + "it does not begin with a digit")
        #expect(error.location.map { "\($0)" } == "set.txt:2:1")
        #expect(error.details.contains("app 1 amd64 depends on team"))
        let answer = try made.resolve("team", on: .nothing)
        #expect(answer.remarks.contains { $0.hasPrefix("dpkg refuses to install team v1.5.5 amd64") })
        #expect(DpkgRules.objection(toName: "_odd", version: "1") == "its name does not begin with a letter or digit")
        #expect(DpkgRules.objection(toName: "a/b", version: "1") != nil)
        #expect(DpkgRules.objection(toName: "libstdc++6", version: "1:2.3~rc1-4+b1") == nil)
    }
}
