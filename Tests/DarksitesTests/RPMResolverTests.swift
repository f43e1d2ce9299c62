import APT
import Declaration
import Locking
import MadeRepository
import Packages
import Primitives
import RPM
import Solver
import Testing

@testable import Darksites

@Suite struct RPMResolverTests {
    /// A catalog of repositories, each with packages from a line each; see `MadeRepository`.
    struct Made {
        var repositories: [(name: String, lines: [String])]
        var rules = RPMRules(policy: RPMPolicy(architecture: "x86_64"), platform: "el9")
        var hold = LockHold()
        /// comps.xml.
        var groups = "<comps/>"

        init(_ lines: [String]) { repositories = [(name: "base", lines: lines)] }

        private func request(_ profiles: [String: [String]]) throws -> ResolutionRequest {
            ResolutionRequest(
                distribution: "centos", architecture: "x86_64",
                asked: LockedRequest(
                    release: "9", codename: "el9",
                    source: .rpm(LockedRPMRequest(excludes: [], modules: [], repositories: [])), profiles: [],
                    wishes: []),
                profiles: try profiles.sorted { $0.key < $1.key }.map { name, lines in
                    let set = try PackageSet(
                        parsing: lines.joined(separator: "\n") + "\n", name: name, file: "\(name).txt")
                    let union = try PackageSetUnion(
                        of: set.entries, files: ["\(name).txt"], family: .rpm, architecture: "x86_64",
                        followsRecommends: set.followsRecommends)
                    return ProfileRequest(name: name, base: .installation, sets: union)
                }, rules: .rpm(rules))
        }

        func catalog() throws -> Catalog {
            let content = RPMSnapshotContent(
                table: try MadeRepository.table(repositories), modules: ModuleMetadata(),
                groups: try Comps(reading: Array(groups.utf8), source: "comps.xml"),
                generations: repositories.map { _ in 0 })
            let snapshot = Snapshot(snapshots: [], indexes: [], signers: [], content: .rpm(content))
            return Catalog(
                snapshot: snapshot, content: .rpm(RPMCatalog(content: content, rules: rules)), hold: hold)
        }

        func resolve(_ lines: String...) throws -> Resolver.Resolution {
            try Resolver().resolve(request(["core": lines]), in: catalog())
        }

        func ask(_ words: String...) throws -> AdHocAnswer {
            try AdHocResolver(catalog: catalog(), distribution: request([:]))
                .solve(AdHocRequest(words, ground: .nothing, family: .rpm))
        }

        func check() throws -> InstallabilityReport { try InstallabilityCheck(catalog(), request([:])).report() }

        func find(_ words: String...) throws -> [PackageFinding] {
            try PackageFinder(catalog: catalog(), request: request([:]), locked: nil).find(words)
        }

        func why(_ word: String, _ lines: String...) throws -> PackageInquiry {
            let request = try request(["core": lines])
            let resolution = try Resolver().resolve(request, in: catalog())
            return try PackageInquiry(
                PackageRequest(word, family: .rpm), of: request, in: resolution.profiles,
                packages: catalog().packages())
        }
    }

    private func names(_ resolution: Resolver.Resolution) -> [String] {
        resolution.locked.packages.map { "\($0.name) \($0.version)" }
    }

    private func message(_ body: () throws -> some Any) -> String {
        do {
            _ = try body()
            return "no error"
        } catch let errors as UserErrors {
            return errors.errors.map { ([$0.what] + $0.details + [$0.hint ?? ""]).joined(separator: "\n") }.joined()
        } catch {
            return "\(error)"
        }
    }

    private static let web = [
        "nginx-1:1.20-1.x86_64 requires: nginx-core, config(nginx)",
        "nginx-core-1:1.20-1.x86_64 provides: config(nginx)",
        "nginx-1:1.18-1.x86_64", "other-1-1.noarch requires: gone >= 2",
    ]

    @Test func aProfileIsLockedWithEveryFactThatItsMirrorNeeds() throws {
        let locked = try Made(Self.web).resolve("nginx").locked
        #expect(
            locked.packages.map { "\($0.name) \($0.version) \($0.architecture) \($0.repository) \($0.path)" } == [
                "nginx 1:1.20-1 x86_64 base Packages/nginx-1:1.20-1.x86_64.rpm",
                "nginx-core 1:1.20-1 x86_64 base Packages/nginx-core-1:1.20-1.x86_64.rpm",
            ])
        #expect(locked.packages.allSatisfy { $0.profiles == ["core"] && !$0.isEssential && $0.size == ByteCount(1000) })
        #expect(locked.family == .rpm)
    }

    @Test func anUnknownNameIsToldWithItsLineAndTheNearest() throws {
        let text = message { try Made(Self.web).resolve("ngimx", "gone?") }
        #expect(text.contains("no package is called \"ngimx\" in centos") && text.contains("did you mean nginx"))
        let remarks = try Made(Self.web).resolve("nginx", "gone?").remarks
        #expect(remarks.count == 1 && remarks[0].contains("core goes without the optional gone?"))
    }

    @Test func whatCanNotBeHadIsExplainedInSentences() throws {
        let text = message { try Made(Self.web).resolve("nginx", "other") }
        #expect(text.contains("profile core: other can't be installed") && text.contains("requires gone >= 2"))
        #expect(text.contains("no package is called gone, and none provides it, in the declared repositories"))
        #expect(try names(Made(Self.web).resolve("nginx", "-nginx-core")) == ["nginx 1:1.18-1"], "as dnf steps back")
        let app = Made(["app-1-1.x86_64 requires: lib", "lib-1-1.x86_64"])
        #expect(message { try app.resolve("app", "-lib") }.contains("remove that line"))
    }

    @Test func aGroupWhoseMembersExcludeEachOtherIsNamedOnce() throws {
        var made = Made(["one-1-1.x86_64 conflicts: two", "two-1-1.x86_64"])
        made.groups = """
            <comps><group><id>pair</id><packagelist><packagereq type="mandatory">one</packagereq>
            <packagereq type="mandatory">two</packagereq></packagelist></group></comps>
            """
        let text = message { try made.resolve("@pair") }
        #expect(text.contains("profile core: @pair can't be installed\n"))
        #expect(message { try made.resolve("@pairs") }.contains("did you mean pair?"))
    }

    @Test func whatIsLockedStaysUnlessItIsToMove() throws {
        var made = Made(["a-1-1.x86_64", "b-1-1.x86_64"])
        let old = try made.resolve("a", "b").locked
        made.repositories.append((name: "base", lines: ["a-2-1.x86_64", "b-2-1.x86_64"]))
        #expect(try names(made.resolve("a", "b")) == ["a 2-1", "b 2-1"])
        made.hold = LockHold(old)
        #expect(try names(made.resolve("a", "b")) == ["a 1-1", "b 1-1"])
        made.hold = LockHold(old, moving: ["b"])
        #expect(try names(made.resolve("a", "b")) == ["a 1-1", "b 2-1"])
    }

    @Test func weakRelationsCountWhereASetSaysSo() throws {
        let made = Made([
            "app-1-1.x86_64 recommends: extra, gone", "extra-1-1.x86_64", "theme-1-1.x86_64 supplements: app",
            "more-1-1.x86_64 supplements: other",
        ])
        #expect(try names(made.resolve("app")) == ["app 1-1"])
        #expect(try names(made.resolve("app", "@recommends")) == ["app 1-1", "extra 1-1", "theme 1-1"])
    }

    private static let kernels = ["5", "6"].flatMap { version in
        [
            "kernel-\(version)-1.x86_64 requires: kernel-core = \(version)-1; provides: installonlypkg(kernel)",
            "kernel-core-\(version)-1.x86_64 provides: installonlypkg(kernel)",
            "kernel-devel-\(version)-1.x86_64 provides: installonlypkg(kernel)",
        ]
    }

    @Test func theKernelIsOneThatDKMSCanCompileZFSFor() throws {
        let zfs = ["zfs-2-1.x86_64", "zfs-dkms-2-1.noarch requires: kernel-devel >= 3, kernel-devel <= 5.999"]
        let found = try names(Made(Self.kernels + zfs).resolve("kernel", "kernel-devel", "zfs", "zfs-dkms"))
        #expect(found == ["kernel 5-1", "kernel-core 5-1", "kernel-devel 5-1", "zfs 2-1", "zfs-dkms 2-1"])
        #expect(try names(Made(Self.kernels + zfs).resolve("kernel")) == ["kernel 6-1", "kernel-core 6-1"])
        let narrow = ["zfs-2-1.x86_64", "zfs-dkms-2-1.noarch requires: kernel-devel <= 4.999"]
        let text = message { try Made(Self.kernels + narrow).resolve("kernel", "zfs-dkms") }
        #expect(text.contains("kernel-devel <= 4.999"))
    }

    @Test func zfsWithoutAModuleForTheKernelIsAnError() throws {
        let text = message { try Made(Self.kernels + ["zfs-2-1.x86_64"]).resolve("kernel", "zfs") }
        #expect(text.contains("has zfs, and no zfs module for its kernel 6-1") && text.contains("kmod-zfs"))
        let kmod = ["zfs-2-1.x86_64", "kmod-zfs-2-1.x86_64 requires: kernel-core = 5-1"]
        let found = try names(Made(Self.kernels + kmod).resolve("kernel", "zfs", "kmod-zfs"))
        #expect(found.contains("kernel 5-1") && !found.contains("kernel 6-1"))
    }

    @Test func repositoriesAreWeighedAndExcludedAsDeclared() throws {
        var made = Made(["a-1-1.x86_64", "b-1-1.x86_64"])
        made.repositories.append((name: "more", lines: ["a-2-1.x86_64", "b-2-1.x86_64", "c-1-1.x86_64"]))
        made.rules.policy.repositories["more"] = RPMPolicy.Repository(excludes: ["a"])
        #expect(try names(made.resolve("a", "b", "c")) == ["a 1-1", "b 2-1", "c 1-1"])
        made.rules.policy.repositories["base"] = RPMPolicy.Repository(priority: 10)
        #expect(try names(made.resolve("a", "b", "c")) == ["a 1-1", "b 1-1", "c 1-1"])
        made.rules.policy.excludes = ["c"]
        #expect(message { try made.resolve("c") }.contains("excluded"))
    }

    @Test func questionsAreAnsweredAsForAPT() throws {
        let made = Made(Self.web)
        let answer = try made.ask("nginx")
        #expect(answer.packages.map { "\($0.name) \($0.neededBy ?? "")" } == ["nginx ", "nginx-core nginx"])
        #expect(try made.ask("nginx-1.18-1.x86_64").packages.map(\.version) == ["1:1.18-1"])
        let report = try made.check()
        #expect(report.checked == 4 && report.broken.map(\.name) == ["other"])
        #expect(report.causes.map(\.what) == ["nothing is called or provides gone"])
        #expect(
            try made.find("NGINX").map { "\($0.name) \($0.version) \($0.suites)" } == [
                "nginx 1:1.20-1 [\"base\"]", "nginx-core 1:1.20-1 [\"base\"]",
            ])
        #expect(message { try made.find("nothing-like-it") }.contains("no name and no summary in centos"))
        let why = try made.why("nginx-core", "nginx")
        #expect(why.members.flatMap(\.reasons).map { $0.chain.links.map(\.relation) } == [["requires nginx-core"]])
        #expect(try made.why("config(nginx)", "nginx").providers.map(\.name) == ["nginx-core"])
        #expect(try made.why("other", "nginx").members.isEmpty)
    }

    @Test func requestsAreSpelledAsSetsSpellThemOrAsDNFDoes() throws {
        func parts(_ text: String) throws -> [String?] {
            let request = try PackageRequest(text, family: .rpm)
            return [request.name, request.architecture, request.version, request.suite]
        }
        #expect(try parts("ModemManager") == ["ModemManager", nil, nil, nil])
        #expect(try parts("glibc:i686=2.34-168.el9") == ["glibc", "i686", "2.34-168.el9", nil])
        #expect(try parts("curl/base") == ["curl", nil, nil, "base"])
        #expect(try parts("@core") == ["@core", nil, nil, nil])
        #expect(try parts("/usr/bin/python3") == ["/usr/bin/python3", nil, nil, nil])
        #expect(try parts("perl(Foo::Bar)") == ["perl(Foo::Bar)", nil, nil, nil])
        for wrong in ["", "@", "a b", "curl=", "=1", "curl/", ":i686"] {
            #expect(throws: PackageRequestError.self) { try PackageRequest(wrong, family: .rpm) }
        }
        let made = Made(["a-1-1.x86_64", "a-2-1.x86_64"])
        #expect(try made.ask("a=1-1").packages.map(\.version) == ["1-1"])
        #expect(message { try made.ask("a=3") }.contains("there is 1-1, 2-1"))
        #expect(message { try made.ask("-b", "a") }.contains("no package is called \"b\""))
    }
}
