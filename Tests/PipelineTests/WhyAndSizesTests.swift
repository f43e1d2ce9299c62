import APT
import Darksites
import Declaration
import Primitives
import Testing

@testable import Pipeline

/// Why a package is in, and what profiles and sets weigh, on the made archive.
@Suite struct WhyAndSizesTests {
    private let checkout: MadeCheckout

    init() throws { checkout = try MadeCheckout(try MadeArchive()) }

    private func why(_ package: String) async throws -> PackageInquiry {
        try await checkout.project().why(package, in: "debian").inquiry
    }

    private func shown(_ member: PackageInquiry.Member) -> [String] {
        member.reasons.map { reason in
            let links = reason.chain.links.map {
                " > \($0.name) \($0.relation)\($0.isProvided ? " (\($0.answer))" : "")"
            }
            return "\(reason.profiles.joined(separator: ",")): \(reason.chain.origin.place) \(reason.chain.origin.name)"
                + links.joined()
        }
    }

    @Test func theShortestWayFromALineIsShownWithEveryRelation() async throws {
        let found = try await why("libpcre")
        #expect(found.isInMirror && !found.isVirtual)
        #expect(found.members.map { "\($0.name) \($0.version) \($0.architecture)" } == ["libpcre 10.42-1 amd64"])
        #expect(
            found.members.flatMap(shown)
                == ["server: package-sets/debian/server.txt:1 nginx > nginx depends on libpcre (>= 10)"])
        let direct = try await why("nginx")
        #expect(direct.members.flatMap(shown) == ["server: package-sets/debian/server.txt:1 nginx"])
    }

    @Test func profilesWithTheSameWayStandTogetherAndOthersApart() async throws {
        let kernel = try await why("linux-image-amd64")
        #expect(
            kernel.members.flatMap(shown) == [
                "core,server: package-sets/debian/base.txt:1 linux-image-amd64",
                "live: package-sets/debian/live.txt:1 linux-image-amd64",
            ])
    }

    @Test func theBaseSystemSaysWhichFieldMakesAPackagePartOfIt() async throws {
        func base(_ name: String) async throws -> [PackageChain.Origin] {
            try await why(name).members.flatMap(\.reasons).map(\.chain.origin)
        }
        #expect(try await base("bash") == [.base(name: "bash", because: "Essential: yes")])
        #expect(try await base("mawk") == [.base(name: "mawk", because: "Priority: important")])
        let needed = try await why("libc6").members
        #expect(needed.first?.reasons.first?.chain.links.first?.relation.hasPrefix("pre-depends on libc6") == true)
    }

    @Test func aVirtualNameLeadsToThePackageThatProvidesIt() async throws {
        let found = try await why("mail-transport-agent")
        #expect(found.isVirtual && found.isInMirror && found.members.isEmpty)
        #expect(found.providers.map(\.name) == ["exim4"])
        #expect(found.otherProviders == ["postfix"])
        try checkout.set("server", "mail-transport-agent", "-exim4")
        let other = try await why("postfix")
        #expect(
            other.members.first?.reasons.first?.chain.first == "postfix",
            "a line may name what the package only provides")
    }

    @Test func ofAPackageThatIsNotInItSaysWhoWouldHaveIt() async throws {
        try checkout.set("server", "mailer", "-exim4", "zsh?")
        let found = try await why("exim4")
        #expect(!found.isInMirror)
        #expect(found.forbidden.map { "\($0.profiles) \($0.entry.location.line)" } == ["[\"server\"] 2"])
        #expect(found.mentions.map { "\($0.package) \($0.field) \($0.answer ?? "")" } == ["mailer Depends postfix"])
        #expect(found.available == ["4.98-1 amd64, made trixie/main"])
        #expect(try await why("apache").mentions.isEmpty)
        // An optional line whose name the archive does not have is an answer, not an unknown name.
        let optional = try await why("no-such-thing")
        #expect(optional.dropped.map(\.entry.text) == ["no-such-thing?"])
    }

    @Test func aVersionThatIsNotInIsNotIn() async throws {
        #expect(try await why("nginx=1.26-1").isInMirror)
        let other = try await why("nginx=1.27-1")
        #expect(!other.isInMirror && other.mentions.isEmpty)
        #expect(other.others.map(\.version) == ["1.26-1"])
        #expect(try await why("nginx:amd64").isInMirror)
    }

    @Test func anUnknownNameAndAnUnknownDistributionAreRefused() async throws {
        do {
            _ = try await why("ngnix")
            Issue.record("nothing was thrown")
        } catch let error as PackageRequestError {
            #expect(error.isUsageError && error.hint?.contains("nginx") == true)
        }
        await #expect(throws: UnknownDistribution.self) { _ = try await checkout.project().why("nginx", in: "debain") }
        await #expect(throws: PackageRequestError.self) { _ = try await why("Not A Name") }
    }

    @Test func theAnswerIsAboutTheLockedSnapshotAndSaysWhereTheSetsMovedOn() async throws {
        #expect(try await !checkout.project().why("nginx", in: "debian").ground.isLocked)
        _ = try await LockKeeper(project: try checkout.project()).current()
        try checkout.archive.moveOn()
        let (inquiry, ground) = try await checkout.project().why("nginx", in: "debian")
        #expect(inquiry.members.map(\.version) == ["1.26-1"])
        #expect(ground.isLocked && !ground.isStale)
        try checkout.set("core", "zsh")
        let later = try await checkout.project().why("zsh", in: "debian")
        #expect(later.ground.isStale && later.inquiry.members.map(\.version) == ["5.9-1"])
    }

    // MARK: what profiles and sets weigh

    private func sizes() async throws -> ProfileSizes {
        try #require(try await checkout.project().sizes(of: "debian").first?.sizes)
    }

    @Test func aProfileKnowsWhatIsItsOwnAndWhatItShares() async throws {
        let sizes = try await sizes()
        #expect(sizes.profiles.map(\.name) == ["core", "server", "live", "builder"])
        let server = sizes.profiles[1]
        #expect(server.sets == ["base", "core", "server"])
        #expect(server.total.packages == 14 && server.own.packages == 5)
        #expect(server.shared.map { "\($0.with) \($0.load.packages)" } == ["core 9", "live 6", "builder 4"])
        #expect(sizes.profiles[0].own.packages == 0)
        #expect(sizes.profiles[2].heaviest.first?.name == "big")
        #expect(sizes.profiles[2].heaviest.first?.chain.origin.place == "package-sets/debian/live.txt:2")
        #expect(sizes.profiles.allSatisfy { $0.heaviest.count <= 10 && $0.total.download > .zero })
        #expect(sizes.total.packages == 15)
    }

    @Test func aSetIsChargedWithWhatNobodyElseBrings() async throws {
        try checkout.set("live", "linux-image-amd64", "big", "curl")
        func only(_ sizes: ProfileSizes) -> [String: Int] {
            Dictionary(uniqueKeysWithValues: sizes.sets.map { ($0.name, $0.only.packages) })
        }
        // curl and the kernel are asked for by two sets each; bash is there anyway.
        let before = only(try await sizes())
        #expect(before == ["base": 0, "core": 0, "server": 5, "live": 1, "builder": 0])
        try checkout.set("live", "big")
        let after = only(try await sizes())
        #expect(after == ["base": 2, "core": 2, "server": 5, "live": 1, "builder": 0])
        // The same line in two sets of one profile holds where one of them goes.
        try checkout.set("server", "curl", "nginx")
        let repeated = try await sizes()
        #expect(only(repeated)["core"] == 0, "server still brings it, though its line is left out of the union")
        #expect(repeated.sets.first { $0.name == "core" }?.profiles == ["core", "server"])
    }
}
