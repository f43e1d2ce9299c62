import APT
import BuildGraph
import ContentStore
import Darksites
import Glibc
import LiveImage
import Locking
import Packages
import Primitives
import SystemPackage
import Testing
import Transfer

@testable import Pipeline

/// The steps of an RPM darksite on made repositories. Container steps run their scripts on this machine, with its rpm, dnf
/// and createrepo_c; that needs root, as rpm does to install.
@Suite(.enabled(if: MadeRPMSite.canBeMade), .serialized) struct RPMDarksiteTests {
    private static let profile =
        ["bash", "coreutils", "systemd", "glibc-langpack-en", "kernel-5.14.0-570.el9", "kmod-zfs"]
        + ["zfs", "nodejs", "nodejs-libs", "htop"]

    @Test func aMirrorIsMadeAndProvenAndTwiceTheSame() async throws {
        let site = try MadeRPMSite()
        let locked = try site.lock(Self.profile)
        let report = try await site.build(locked, "centos/darksite")
        let tree = try site.store.tree(try #require(report.records["centos/darksite"]?.outputs["darksite"]).digest)
        let names = Set(tree.paths.map { $0.hasPrefix("repodata/") ? String($0.split(separator: "-").last ?? "") : $0 })
        #expect(
            names.filter { !$0.hasPrefix("Packages/") }
                == Set([
                    "primary.xml.gz", "filelists.xml.gz", "comps.xml", "modules.yaml.gz", "repodata/repomd.xml",
                    "repodata/repomd.xml.asc", "certificate.txt", "certificate.txt.asc",
                ]))
        #expect(names.contains("Packages/b/bash-5.1.8-9.el9.x86_64.rpm"))
        #expect(tree.paths.count { $0.hasPrefix("Packages/") } == locked.packages.count)
        guard case .file(let blob, _) = tree.nodes["certificate.txt"] else {
            Issue.record("there is no certificate")
            return
        }
        let text = String(decoding: try await site.store.bytes(of: blob), as: UTF8.self)
        #expect(text.contains("of      centos 9 (el9), x86_64"))
        #expect(text.contains("mirror  repodata/repomd.xml, sha256 "))
        #expect(text.contains("core: \(locked.packages.count) packages, ") && text.contains(", installed by dnf 4."))
        #expect(text.contains("core: linux 5.14.0-570.el9, zfs 2.2.7-1.el9, in the installed root"))
        #expect(!text.contains("apt") && !text.contains("NOT proven"))

        // The same lock, elsewhere and later: the same bytes.
        let other = try MadeRPMSite(of: site)
        let again = try await other.build(locked, "centos/mirror")
        let first = try #require(report.records["centos/mirror"]?.outputs["mirror"])
        #expect(again.records["centos/mirror"]?.outputs["mirror"] == first)
    }

    @Test func aProvenProfileIsHandedOnAndWhatIsInLargePackagesIsTakenFromThem() async throws {
        let site = try MadeRPMSite()
        let locked = try site.lock(["bash", "coreutils", "systemd", "glibc-langpack-en", "linux-firmware", "iputils"])
        let report = try await site.build(locked, "centos/system-core-files", isSystem: true)
        let system = try #require(report.records["centos/system-core-files"]?.outputs)
        let lists = try site.store.tree(try #require(system["lists"]).digest)
        guard case .file(let blob, _) = lists.nodes["sources"], let rest = system["rest.tar"] else {
            Issue.record("there is no list of sources")
            return
        }
        let lines = String(decoding: try await site.store.bytes(of: blob), as: UTF8.self).split(separator: "\n")
        let package = "darksite/rpm/centos/Packages/l/linux-firmware-20241112-146.el9.noarch.rpm rpm "
        #expect(lines.contains { $0.hasPrefix(package) }, "\(lines)")
        #expect(lines.last?.hasPrefix("darksite/centos/systems/core/system.squashfs - ") == true)
        let blobPath = "\(site.folder)/store/blobs/\(rest.digest.hex.prefix(2))/\(rest.digest.hex)"
        let names = try MadeRPMSite.run("tar -tf \(blobPath)").split(separator: "\n")
        #expect(names.contains("./usr/bin/ping") && names.contains("./usr/lib/firmware/secret"))
        #expect(!names.contains("./usr/lib/firmware/made.bin") && !names.contains("./var/lib/systemd/random-seed"))

        // Installed another time, elsewhere: the same bytes.
        let again = try await MadeRPMSite(of: site).build(locked, "centos/install-core", isSystem: true)
        let first = try #require(report.records["centos/install-core"]?.outputs["system.tar"])
        #expect(again.records["centos/install-core"]?.outputs["system.tar"] == first)
    }

    @Test func aProfileWithDracutAndZFSGetsAnInitramfsInARootOfItsOwn() async throws {
        let site = try MadeRPMSite()
        let with = try await site.steps(site.lock(Self.profile + ["dracut"]), isSystem: true).steps
        let step = try #require(with["centos/initramfs-core"])
        #expect(step.dependencies == ["centos/install-core"])
        guard case .container(.input("image"), _, ["kmod"], let environment) = step.action else {
            Issue.record("it does not run in the system")
            return
        }
        #expect(environment == ["SOURCE_DATE_EPOCH": "1736761560"])
        #expect(
            with["centos/system-core-files"]?.dependencies == ["centos/initramfs-core", "centos/slice-core"])
        let without = try await site.steps(site.lock(Self.profile), isSystem: true).steps
        #expect(without["centos/initramfs-core"] == nil)
        #expect(without["centos/system-core-files"]?.dependencies == ["centos/install-core", "centos/slice-core"])
        #expect(try await site.steps(site.lock(Self.profile)).steps["centos/system-core-files"] == nil)
    }

    @Test func aPackageWithoutADeclaredSignatureStopsTheBuildBeforeThereIsAMirror() async throws {
        let site = try MadeRPMSite()
        let locked = try site.lock(["bash", "coreutils", "glibc-langpack-en", "htop"])
        site.keys["more"] = site.keys["base"]
        await #expect(throws: (any Error).self) { _ = try await site.build(locked, "centos/mirror") }
        #expect(
            site.said.contains { $0.contains("a package of more is not signed by its keys") && $0.contains("htop") })
    }

    @Test func aLockedPackageThatNoIndexListsIsNamed() async throws {
        let site = try MadeRPMSite()
        let locked = try site.lock(["bash", "coreutils", "glibc-langpack-en"])
        let without = LockedDistribution(
            name: locked.name, family: .apt, architecture: locked.architecture, asked: nil, snapshots: locked.snapshots,
            indexes: locked.indexes.filter { $0.repository != "base" || $0.component != "primary" },
            packages: locked.packages)
        do {
            _ = try await site.build(without, "centos/mirror")
            Issue.record("nothing was thrown")
        } catch {
            #expect("\(error)".contains("is in deploy.lock, but in none of the indexes that it names"), "\(error)")
        }
    }

    @Test func aLockWithTwoStatesOfARepositoryFindsThePackagesOfBoth() async throws {
        let site = try MadeRPMSite()
        let locked = try site.lock(["bash", "coreutils", "glibc-langpack-en"])
        // As an update of single packages leaves it: an index of which no package is wanted, before the one that has them.
        let other = Array(
            "<?xml version=\"1.0\"?><metadata xmlns=\"http://linux.duke.edu/metadata/common\" xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\" packages=\"0\"></metadata>"
                .utf8)
        try await site.store.insert(other)
        let states = LockedDistribution(
            name: locked.name, family: .apt, architecture: locked.architecture, asked: nil, snapshots: locked.snapshots,
            indexes: locked.indexes + [
                LockedIndex(
                    repository: "base", suite: nil, component: "primary", architecture: "x86_64",
                    size: ByteCount(other.count), path: "repodata/0-primary.xml", digest: Digest(of: other))
            ], packages: locked.packages)
        let report = try await site.build(states, "centos/mirror")
        #expect(report.records["centos/mirror"] != nil)
    }
}
