import Declaration
import Locking
import Primitives
import Testing

@testable import Darksites
@testable import Pipeline

/// Questions about a locked distribution, which change nothing.
@Suite struct QuestionsTests {
    private let archive: MadeArchive
    private let checkout: MadeCheckout

    init() throws {
        archive = try MadeArchive()
        checkout = try MadeCheckout(archive)
    }

    private func resolve(
        _ words: String..., profile: String? = nil, isEmpty: Bool = false
    ) async throws -> AdHocAnswer {
        try await checkout.project().resolve(
            words, in: "debian", profile: profile, isEmpty: isEmpty, includesRecommends: false)
    }

    private func impossible(_ words: String..., profile: String? = nil) async throws -> AdHocImpossible {
        try await #require(throws: AdHocImpossible.self) {
            _ = try await checkout.project().resolve(
                words, in: "debian", profile: profile, isEmpty: false, includesRecommends: false)
        }
    }

    private func added(_ answer: AdHocAnswer) -> [String] {
        answer.packages.filter(\.isAdded).map { "\($0.name) \($0.version)" }
    }

    @Test func aRequestIsSolvedOnTopOfTheBaseSystem() async throws {
        let answer = try await resolve("nginx")
        #expect(added(answer) == ["libpcre 10.42-1", "nginx 1.26-1", "nginx-common 1.26-1"])
        #expect(answer.groundTotal.packages == 5 && answer.total.packages == 8 && answer.addedTotal.packages == 3)
        #expect(answer.total.download == answer.groundTotal.download + answer.addedTotal.download)
        #expect(answer.packages.filter { $0.request == "nginx" }.map(\.name) == ["nginx"])
        #expect(answer.packages.first { $0.name == "libpcre" }?.neededBy == "nginx")
        #expect(answer.packages.first { $0.name == "nginx" }?.neededBy == nil)
    }

    @Test func onNothingEvenTheBaseSystemIsLeftOut() async throws {
        let answer = try await resolve("curl", isEmpty: true)
        #expect(added(answer) == ["curl 8.1-1", "libc6 2.41-1", "libcurl 8.1-1"])
        #expect(answer.ground == nil && answer.groundTotal.packages == 0)
    }

    @Test func aProfileWhoseSetsSayItHasWhatItsPackagesRecommend() async throws {
        let made = try MadeCatalog(
            "base 1; Essential: yes", "app 1; Recommends: extra, gone", "extra 1; Recommends: more", "more 1",
            "tool 1; Recommends: help", "help 1")
        #expect(try made.ground(["app"]) == ["app", "base"])
        #expect(try made.ground(["app", "@recommends"]) == ["app", "base", "extra", "more"])
        let answer = try made.resolve("tool", on: made.profile(["app", "@recommends"]))
        #expect(added(answer) == ["help 1", "tool 1"] && answer.replaced.isEmpty)
        #expect(try added(made.resolve("tool", on: made.profile(["app"]))) == ["tool 1"])
    }

    @Test func aProfileIsTheGroundWithAllItsSets() async throws {
        let locked = try #require(try await LockKeeper(project: checkout.project()).current()["debian"])
        let answer = try await resolve("zsh", "nginx", profile: "server")
        #expect(added(answer) == ["zsh 5.9-1", "zsh-common 5.9-1"])
        #expect(answer.groundTotal.packages == locked.packages(of: "server").count)
        #expect(answer.packages.first { $0.name == "nginx" }?.request == "nginx", "also where it is there already")
        #expect(answer.packages.first { $0.name == "nginx" }?.isAdded == false)
    }

    @Test func whatARequestPushesOutOfAProfileIsSaid() async throws {
        let answer = try await resolve("postfix", profile: "server")
        #expect(added(answer) == ["postfix 1:3.10-1"])
        #expect(answer.replaced.map(\.name) == ["exim4"], "mailer takes either")
        #expect(answer.remarks.allSatisfy { $0.contains("no-such-thing?") })
    }

    @Test func aSecondKernelIsToldOfAsTheSetsWouldRefuseIt() async throws {
        let answer = try await resolve("linux-image-6.11.9-amd64", profile: "core")
        #expect(answer.remarks.contains { $0.contains("must have one kernel") && $0.contains("6.11.9-amd64") })
        #expect(try await resolve("linux-image-6.11.9-amd64", "linux-image-amd64").remarks.isEmpty)
    }

    @Test func theLockIsReadAndNeverWritten() async throws {
        _ = try await resolve("zsh")
        #expect(!Files.exists(checkout.lockFile))
        #expect(checkout.notices.contains { $0.hasPrefix("debian is not locked yet") })
        _ = try await LockKeeper(project: checkout.project()).current()
        let before = try Files.read(checkout.lockFile)
        try archive.moveOn()
        #expect(added(try await resolve("zsh")) == ["zsh 5.9-1", "zsh-common 5.9-1"], "the snapshot of the lock")
        #expect(try Files.read(checkout.lockFile) == before)
    }

    @Test func aLockedSnapshotIsAskedWithoutNetwork() async throws {
        _ = try await LockKeeper(project: checkout.project()).current()
        _ = try archive.requests()
        let project = try checkout.project(mirrors: "http://127.0.0.1:9/gone")
        #expect(try await project.search(["zsh"], in: "debian").count == 2)
        #expect(try archive.requests().isEmpty)
    }

    @Test func allWordsThatMeanNothingAreToldAtOnce() async throws {
        let errors = try await #require(throws: UserErrors.self) {
            _ = try await resolve("ngnix", "crul", "zsh", "-apach", "zsh=7", "zsh/sid", "zsh:arm64", "-linux-image")
        }
        let text = errors.description
        #expect(errors.errors.count == 7 && errors.isUsageError, "\(text)")
        for part in [
            "\"ngnix\"", "did you mean nginx?", "\"crul\"", "curl", "\"apach\"", "apache", "there is 5.9-1",
            "it is in trixie", "declared are amd64", "it is provided by linux-image-6.1",
        ] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
        let syntax = try await #require(throws: UserErrors.self) { _ = try await resolve("Zsh", "-zsh=1", "zsh=") }
        #expect(syntax.errors.count == 3)
        await #expect(throws: UnknownProfile.self) { _ = try await resolve("zsh", profile: "servr") }
        await #expect(throws: UnknownDistribution.self) { _ = try await checkout.project().check("debain") }
    }

    @Test func whatCantBeIsExplainedWithWhatCouldBeChanged() async throws {
        let pair = try await impossible("nginx", "apache", "zsh")
        #expect(pair.what == "nginx and apache can't be installed together beside the base system")
        #expect(pair.hint == "leave out nginx or apache")
        #expect(pair.steps.contains { $0.contains("conflicts with apache") })
        #expect(pair.steps.last?.hasPrefix("So ") == true)
        #expect(!pair.isUsageError, "the request can be understood")

        let excluded = try await impossible("curl", "-libcurl")
        #expect(excluded.requests == ["curl"] && excluded.hint == "leave out -libcurl")

        let profile = try await impossible("apache", profile: "server")
        #expect(profile.what == "apache can't be installed beside profile server")
        #expect(profile.hint == "change package-sets/debian/server.txt:1 (nginx)")

        let kept = try await impossible("-curl", profile: "core")
        #expect(kept.hint == "change package-sets/debian/core.txt:2 (curl), or leave out -curl")
    }

    @Test func aSearchSaysWhatThisDeclarationHasToDoWithAPackage() async throws {
        _ = try await LockKeeper(project: checkout.project()).current()
        let found = try await checkout.project().search(["curl"], in: "debian")
        #expect(found.map(\.name) == ["curl", "libcurl"])
        #expect(found.map(\.profiles) == [["core", "server"], ["core", "server"]])
        #expect(found[0].lines.map { "\($0.location)" } == ["package-sets/debian/core.txt:2:1"])
        #expect(found[1].lines.isEmpty && found[1].suites == ["trixie"] && found[1].summary == "made for a test")
        #expect(found[0].lockedVersion == nil)
        #expect(try await checkout.project().search(["A TEST"], in: "debian").count > 15)
    }

    @Test func aSearchWithoutResultNamesWhatIsNear() async throws {
        let nothing = try await #require(throws: NothingFound.self) {
            _ = try await checkout.project().search(["ngnix"], in: "debian")
        }
        #expect(nothing.hint == "did you mean nginx?" && !nothing.isUsageError)
        let virtual = try await #require(throws: NothingFound.self) {
            _ = try await checkout.project().search(["mail-transport-agent"], in: "debian")
        }
        #expect(Set(virtual.providers) == ["exim4", "postfix"])
    }

    @Test func everyPackageOfTheSnapshotIsChecked() async throws {
        let report = try await checkout.project().check("debian")
        #expect(report.checked == 22)
        #expect(report.causes.isEmpty)
    }
}

/// The logic behind the questions, on packages made up for it.
@Suite struct QuestionLogicTests {
    @Test func recommendsAreFollowedForWhatIsAddedAlone() throws {
        let made = try MadeCatalog(
            "base 1; Essential: yes; Recommends: manual", "manual 1", "web 1; Recommends: web-doc, web-extra (>= 2)",
            "web-doc 1; Recommends: viewer", "web-extra 1", "viewer 1")
        #expect(try made.resolve("web").packages.map(\.name) == ["base", "web"])
        let answer = try made.resolve("web", recommends: true)
        #expect(answer.packages.map(\.name) == ["base", "viewer", "web", "web-doc"])
        #expect(answer.remarks == ["web recommends web-extra (>= 2): nothing satisfies that"])
        let added = AdHocAnswer.Total(packages: 3, download: ByteCount(3000), installed: ByteCount(6144))
        #expect(answer.addedTotal == added)
    }

    @Test func anotherVersionOfABasePackageCanBeAskedFor() throws {
        let made = try MadeCatalog("base 1; Essential: yes", "base 2; Essential: yes")
        let answer = try made.resolve("base=1")
        #expect(answer.packages.map(\.version) == ["1"] && answer.replaced.map(\.version) == ["2"])
    }

    @Test func brokenPackagesAreGroupedByWhatIsBehindThem() throws {
        let report = try MadeCatalog(
            "ok 1; Depends: lib", "lib 1",
            "a 1; Depends: b", "b 1; Depends: gone (>= 1) | missing", "c 1; Depends: b, ok",
            "old 1; Depends: lib (>= 2)", "torn 1; Depends: x1, x2", "x1 1; Conflicts: x2", "x2 1",
            "odd 1; Depends: lib (>> "
        ).check()
        #expect(report.checked == 10)
        #expect(
            report.causes.map { "\($0.what): \($0.packages.map(\.name).joined(separator: " "))" } == [
                "nothing is called or provides gone or missing: a b c",
                "nothing satisfies lib (>= 2); there is lib 1: old",
                "odd 1 amd64 has relations that can't be read: odd",
                "x1 1 amd64 conflicts with x2: not together with x2 1 amd64: torn",
            ])
        let a = try #require(report.causes.first?.packages.first)
        #expect(a.chain == ["a", "b"])
        #expect(
            a.steps == [
                "a 1 amd64 depends on b: only b 1 amd64 will do.",
                "b 1 amd64 depends on gone (>= 1) | missing, and nothing satisfies that.",
            ])
    }
}
