import APT
import Declaration
import Locking
import Packages
import Primitives
import Testing

@testable import Darksites

#if canImport(Glibc)
import Glibc
#endif

/// One kernel a profile, and the ZFS module for it: ours, Ubuntu's, or the source.
@Suite struct KernelRuleTests {
    private static let ubuntu = """
        linux-image-generic 6.8.0-45.45; Depends: linux-image-6.8.0-45-generic, linux-modules-extra-6.8.0-45-generic
        linux-image-6.8.0-45-generic 6.8.0-45.45; Depends: linux-modules-6.8.0-45-generic
        linux-modules-6.8.0-45-generic 6.8.0-45.45
        linux-modules-extra-6.8.0-45-generic 6.8.0-45.45; Depends: linux-modules-6.8.0-45-generic
        linux-image-6.8.0-31-generic 6.8.0-31.31; Depends: linux-modules-6.8.0-31-generic
        linux-image-unsigned-6.8.0-31-generic 6.8.0-31.31
        linux-modules-6.8.0-31-generic 6.8.0-31.31
        linux-image-6.8.0-45-bare 6.8.0-45.45
        linux-modules-nvidia-535-6.8.0-45-generic 6.8.0-45.45
        zfsutils-linux 2.2.2-0ubuntu9
        zfs-dkms 2.2.2-0ubuntu9
        """

    /// The packages that a profile of `names` comes to, out of packages written "name version; Field: value".
    private func resolve(_ names: String...) throws -> Set<String> { try resolve(names) }

    private func resolve(_ names: [String]) throws -> Set<String> {
        var text = ""
        for line in Self.ubuntu.split(separator: "\n") {
            let parts = line.split(separator: ";", maxSplits: 1)
            let words = parts[0].split(separator: " ")
            text += "Package: \(words[0])\nVersion: \(words[1])\nArchitecture: amd64\n"
            if parts.count > 1 { text += parts[1].dropFirst() + "\n" }
            text += "Filename: pool/\(words[0]).deb\nSize: 1\nSHA256: \(Digest(of: Array(words[0].utf8)).hex)\n\n"
        }
        let index = try PackageIndex(parsing: Array(text.utf8), source: "made")
        let origin = IndexOrigin(repository: "ubuntu", suite: "noble", component: "main")
        let table = try PackageTable([(index: index, origin: origin)], architecture: "amd64")
        let catalog = Catalog(
            snapshot: Snapshot(snapshots: [], indexes: [], signers: [], content: .apt(APTSnapshotContent())),
            content: .apt(APTCatalog(table: table)))
        let place = SourceLocation(file: "core.txt", line: 1)
        let sets = try PackageSetUnion(
            of: names.map { PackageSetEntry(name: $0, location: place, line: $0, text: $0) }, files: [],
            family: .apt, architecture: "amd64")
        let request = ResolutionRequest(
            distribution: "ubuntu", architecture: "amd64",
            asked: LockedRequest(
                release: "24.04", codename: "noble", source: .apt(LockedAPTRequest(repositories: [], pins: [])),
                profiles: [],
                wishes: []),
            profiles: [ProfileRequest(name: "core", base: .essential, sets: sets)], rules: .apt(APTRules()))
        let resolution = try Resolver().resolve(request, in: catalog)
        return Set(resolution.locked.packages.map(\.name))
    }

    private func error(_ names: String...) -> String {
        do {
            Issue.record("no error: \(try resolve(names))")
            return ""
        } catch let error as any UserError {
            return error.description
        } catch {
            return "\(error)"
        }
    }

    @Test func ubuntusKernelBringsZFSInItsModules() throws {
        let packages = try resolve("linux-image-generic", "zfsutils-linux")
        #expect(packages.contains("linux-modules-6.8.0-45-generic"))
        #expect(packages.count == 5)
        #expect(try resolve("linux-image-generic", "linux-modules-nvidia-535-6.8.0-45-generic").count == 5)
    }

    @Test func aKernelWithoutZFSIsAnErrorWhereZFSIsWanted() throws {
        let said = error("linux-image-6.8.0-45-bare", "zfsutils-linux")
        #expect(
            said.contains("profile core has zfsutils-linux, and no zfs module for its kernel 6.8.0-45-bare"), "\(said)")
        #expect(said.contains("linux-modules-6.8.0-45-bare, zfs-dkms"), "\(said)")
        #expect(try resolve("linux-image-6.8.0-45-bare", "zfsutils-linux", "zfs-dkms").count == 3)
    }

    @Test(arguments: ["linux-image-6.8.0-31-generic", "linux-image-unsigned-6.8.0-31-generic"])
    func aSecondKernelIsAnErrorSignedOrNot(other: String) {
        let said = error("linux-image-generic", other)
        #expect(said.contains("has 6.8.0-31-generic and 6.8.0-45-generic"), "\(said)")
        #expect(said.contains("linux-image-generic"), "\(said)")
    }

    @Test func modulesOfAnotherKernelAreAnError() {
        let said = error("linux-image-generic", "linux-modules-6.8.0-31-generic")
        #expect(said.contains("has 6.8.0-45-generic and 6.8.0-31-generic"), "\(said)")
    }
}
