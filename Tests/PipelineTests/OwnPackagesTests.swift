import APT
import BuildGraph
import Darksites
import Locking
import MadeDeclaration
import Primitives
import SystemPackage
import Testing

@testable import ContentStore
@testable import Pipeline

/// Package files of one's own, `packages:` of a repository: for both families.
@Suite struct OwnPackagesTests {
    private let archive: MadeArchive
    private let checkout: MadeCheckout

    init() throws {
        archive = try MadeArchive()
        checkout = try MadeCheckout(archive)
    }

    private func declare(_ repository: String = "{name: own, packages: [./debs/*.deb]}") throws {
        let keyring = "keyring: \(archive.keyring)\n"
        try checkout.edit("deploy.yaml", keyring, "\(keyring)      - \(repository)\n")
    }

    /// A .deb, made by dpkg-deb, at `file` of the checkout.
    private func deb(_ file: String, _ name: String, _ version: String = "1.0", _ content: String = "") throws {
        let path = checkout.folder.pushing(FilePath(file))
        try Tool.run([
            "bash", "-euc",
            """
            root=$(mktemp -d) && mkdir -p "$root/DEBIAN" "$root/usr/share/$2" "$(dirname "$1")"
            echo "$2 $3 $4" >"$root/usr/share/$2/content"
            printf 'Package: %s\\nVersion: %s\\nArchitecture: amd64\\nMaintainer: A <a@example.org>\\nDepends: libc6\\nDescription: x\\n' \
                "$2" "$3" >"$root/DEBIAN/control"
            dpkg-deb --root-owner-group -Znone --build "$root" "$1" >/dev/null && rm -r "$root"
            """, "-", path.string, name, version, content,
        ])
    }

    private func locked() async throws -> LockedDistribution {
        try #require(try await LockKeeper(project: checkout.project()).current()["debian"])
    }

    private func own(_ locked: LockedDistribution) -> [String] {
        locked.packages.filter { $0.repository == "own" }.map { "\($0.name) \($0.version) \($0.path)" }
    }

    @Test func isLockedMirroredAndInstalledByTheRealApt() async throws {
        try declare()
        try deb("debs/acme.deb", "acme")
        try checkout.set("core", "curl", "acme")
        let project = try checkout.project()
        let report = try await checkout.build("debian/signed", project: project)
        let locked = try #require(try LockKeeper(project: project).existing()?["debian"])
        #expect(own(locked) == ["acme 1.0 acme.deb"])
        #expect(locked.snapshots.contains { $0.repository == "own" && $0.suite == "./" })
        let mirror = try #require(report.records["debian/signed"]?.outputs["mirror"])
        #expect(try project.store.tree(mirror.digest).nodes["pool/own/acme.deb"] != nil)
        #expect(try await checkout.judge(mirror, of: locked, project: project).contains("apt installs core"))
        #expect(try LockKeeper(project: project).standing().isCurrent)

        // Somewhere else, with an empty store: the same lock, the same bytes.
        let other = try checkout.project(environment: ["DEPLOY_CACHE": "\(checkout.folder)/other"])
        let again = try await checkout.build("debian/signed", project: other)
        #expect(again.records["debian/signed"]?.outputs["mirror"]?.digest == mirror.digest)
        #expect(try LockKeeper(project: other).existing()?["debian"] == locked)
    }

    @Test func aFileMoreIsNoticedAndMovesNothingElse() async throws {
        try declare()
        try deb("debs/acme_1.0.deb", "acme")
        try checkout.set("core", "curl", "acme")
        let before = try await locked()
        try archive.moveOn()
        try deb("debs/acme_1.1.deb", "acme", "1.1")
        #expect(
            try LockKeeper(project: checkout.project()).standing().lines
                == ["debian: repository own: its package files changed"])
        let after = try await locked()
        #expect(own(after) == ["acme 1.1 acme_1.1.deb"])
        #expect(after.packages.filter { $0.repository == "made" } == before.packages.filter { $0.repository == "made" })
        #expect(
            after.snapshots.filter { $0.repository == "made" } == before.snapshots.filter { $0.repository == "made" })

        // The same version with other content is another package.
        try Files.remove(checkout.folder.pushing("debs/acme_1.0.deb"))
        try deb("debs/acme_1.1.deb", "acme", "1.1", "rebuilt")
        let rebuilt = try await locked()
        #expect(own(rebuilt) == own(after) && rebuilt != after)
        try Files.remove(checkout.folder.appending("debs"))
        let error = try await checkout.resolutionErrors()
        #expect(error.contains("there is no package ./debs/*.deb") && error.contains("deploy.yaml:"), "\(error)")
    }

    @Test func filesOfOneNameAreTwoFiles() async throws {
        try declare("{name: own, packages: [debs/x, ./debs/y/*.deb]}")
        try deb("debs/x/latest_amd64.deb", "xtool")
        try deb("debs/y/latest_amd64.deb", "ytool")
        try checkout.set("core", "xtool", "ytool")
        let project = try checkout.project()
        let report = try await checkout.build("debian/signed", project: project)
        let locked = try #require(try LockKeeper(project: project).existing()?["debian"])
        #expect(Set(own(locked)).count == 2)
        let mirror = try #require(report.records["debian/signed"]?.outputs["mirror"])
        let paths = try project.store.tree(mirror.digest).paths.filter { $0.hasPrefix("pool/own/") }
        #expect(paths.count == 2 && paths.allSatisfy { $0.hasSuffix("-latest_amd64.deb") }, "\(paths)")
        #expect(try await checkout.judge(mirror, of: locked, project: project).contains("apt installs core"))
    }

    @Test func whatIsNoPackageIsToldWithItsPlace() async throws {
        try declare("{name: own, packages: [./debs/*]}")
        try deb("debs/a.deb", "acme", "1.0", "one")
        try deb("debs/b.deb", "acme", "1.0", "two")
        try checkout.set("core", "acme")
        let twice = try await checkout.resolutionErrors()
        #expect(twice.contains("two files are acme 1.0 amd64"), "\(twice)")
        try Files.write("x".utf8, to: checkout.folder.pushing("debs/b.deb"))
        let broken = try await checkout.resolutionErrors()
        #expect(broken.contains("debs/b.deb"), "\(broken)")
        try Files.remove(checkout.folder.pushing("debs/b.deb"))
        try Files.write("x".utf8, to: checkout.folder.pushing("debs/README"))
        let other = try await checkout.resolutionErrors()
        #expect(other.contains("README does not end with .deb") && other.contains("./debs/*.deb"), "\(other)")
    }

    @Test func aRepositoryIsOneOrTheOther() throws {
        for repository in ["mirrors: [host], packages: [x]", "packages: [\"http://x/y.deb\"]", "packages: []"] {
            #expect(throws: UserErrors.self) {
                try MadeDeclaration.parse(
                    MadeDeclaration.text.replacing(
                        "mirrors: [../own], suites: [stable], components: [main], unsigned: true", with: repository))
            }
        }
    }

    @Test(.enabled(if: MadeRPMSite.canBeMade)) func rpmsAreLockedAndKeptInTheSameWay() async throws {
        let repository = try MadeRPMRepository()
        try await repository.write([MadeRPMRepository.Package(name: "lib")])
        try checkout.edit(
            "deploy.yaml", "distributions:\n",
            """
            distributions:
              centos:
                family: rpm
                release: "9"
                platform: el9
                architecture: x86_64
                repositories:
                  - name: rpms
                    baseurl: ["\(repository.url)"]
                    unsigned: true
                  - {name: own-rpms, packages: [./rpms]}
                profiles:
                  core: [core]

            """)
        let sets = checkout.folder.pushing("package-sets/centos")
        try Files.createDirectory(sets)
        try Files.write("acme\n".utf8, to: sets.appending("core.txt"))
        try rpm("acme", "1")
        func lock(_ project: Project) async throws -> LockedDistribution {
            try #require(try await LockKeeper(project: project).current(naming: ["centos"])["centos"])
        }
        let before = try await lock(checkout.project())
        #expect(
            before.packages.map { "\($0.name) \($0.version) \($0.repository)" } == [
                "acme 1-1 own-rpms", "lib 1-1 rpms",
            ])
        try rpm("acme", "2")
        let lines = try LockKeeper(project: checkout.project()).standing(naming: ["centos"]).lines
        #expect(lines == ["centos: repository own-rpms: its package files changed"])
        let after = try await lock(checkout.project())
        #expect(after.packages.map { "\($0.name) \($0.version)" } == ["acme 2-1", "lib 1-1"])

        // The package and the metadata come from the folder alone; the mirror's records are made of them.
        let other = try checkout.project(environment: ["DEPLOY_CACHE": "\(checkout.folder)/other"])
        let plan = try await other.currentPlan(writesLock: false, request: BuildRequest(targets: ["centos"]))
        #expect(plan.graph.steps["centos/mirror"] != nil)
        let file = try #require(after.packages.first).digest
        try await other.packageFetch(of: [after]).fetch(
            after.packages.filter { $0.repository == "own-rpms" }.map(ArchiveFile.init), into: other.store)
        #expect(other.store.isIntact(file))
        for index in after.indexes where index.repository == "own-rpms" { #expect(other.store.isIntact(index.digest)) }
    }

    private func rpm(_ name: String, _ version: String) throws {
        try Tool.run([
            "bash", "-euc",
            """
            cd "$1"; mkdir -p rpms
            printf 'Name: %s\\nVersion: %s\\nRelease: 1\\nSummary: x\\nLicense: MIT\\nRequires: lib\\n%%description\\nx\\n%%files\\n' "$2" "$3" >spec
            rpmbuild -bb --quiet --target x86_64 --define "_topdir $1/top" --define "_rpmdir $1/rpms" \
                --define '_build_name_fmt %%{NAME}-%%{VERSION}.rpm' spec
            """, "-", checkout.folder.string, name, version,
        ])
    }
}
