import MadeDeclaration
import Packages
import Primitives
import SystemPackage
import Testing

@testable import Declaration

/// Distributions of RPM packages in `deploy.yaml`.
@Suite struct RPMDeclarationTests {
    @Test func everythingIsReadIntoTypedValues() throws {
        let declaration = try MadeDeclaration.parse(MadeDeclaration.rpmText)
        let centos = try #require(declaration[distribution: "centos"])
        #expect(centos.release == "9" && centos.codename == "el9" && centos.architecture == "x86_64")
        #expect(centos.family == .rpm && centos.profiles.map(\.name) == ["core"])
        #expect(centos.installedProfiles == ["core"] && !centos.isOnline)
        let rpm = try #require(centos.rpm)
        #expect(rpm.platform == "el9" && rpm.zfs == .kmod && rpm.excludes == ["*-debuginfo"])
        #expect(rpm.modules.map { [$0.module, $0.stream] } == [["nodejs", "20"]])
        let repositories = rpm.repositories
        #expect(repositories.map(\.name) == ["centos-baseos", "centos-epel", "centos-zfs", "centos-hotfix"])
        #expect(
            repositories.map(\.access) == [
                .metalink(.remote("https://mirrors.example.org/metalink?repo=baseos-9&arch=x86_64")),
                .metalink(.remote("https://mirrors.example.org/metalink?repo=epel-9")),
                .mirrors([.remote("http://zfs.example.org/x86_64"), .folder("/zfs")]),
                .mirrorlist(.folder("/srv/list")),
            ])
        #expect(repositories.map(\.trust) == [.keys(["/keys/KEY"]), .metalink, .keys(["/keys/ZFS"]), .unsigned])
        #expect(repositories.map(\.packageKeys) == [["/keys/KEY"], ["/keys/EPEL"], ["/keys/A", "/keys/ZFS"], []])
        #expect(repositories[2].keys == ["/keys/ZFS", "/keys/A"])
        #expect(repositories.map(\.priority) == [99, 90, 99, 99])
        #expect(repositories.map(\.cost) == [1000, 2000, 1000, 1000])
        #expect(repositories[1].excludes == ["kernel*", "curl"])
        #expect(repositories.map(\.ignoresModules) == [false, false, false, true])
        let rhel = try #require(declaration[distribution: "rhel"])
        #expect(rhel.isOnline && rhel.rpm?.repositories == [] && rhel.rpm?.zfs == nil)
    }

    @Test func whatIsDeclaredIsNotInUseAndNeedsNoKeys() throws {
        let declaration = try MadeDeclaration.parse(MadeDeclaration.rpmText) { !$0.string.hasPrefix("/keys/KEY") }
        #expect(declaration.distributionsInUse == ["debian"])
        let errors = MadeDeclaration.rpmErrors("{debian: [core]}", "{debian: [core], centos: [core]}") {
            !$0.string.hasPrefix("/keys/ZFS")
        }
        #expect(
            errors == [
                "there is no keyring /keys/ZFS | get it from whoever signs the repository, and put it there"
            ])
        let known = MadeDeclaration.rpmText.replacingFirst(
            "[/keys/KEY]", with: "[/usr/share/distribution-gpg-keys/c/K]"
        )
        .replacingFirst("{debian: [core]}", with: "{centos: [core]}")
        let hints = MadeDeclaration.errors(in: known) { !$0.string.hasPrefix("/usr") }
        #expect(hints.count == 1 && hints[0].contains("| apt-get install distribution-gpg-keys"))
    }

    @Test(arguments: [
        ("family: rpm\n    release: \"9\"\n", "family: pkg\n    release: \"9\"\n", "centos.family cannot be \"pkg\""),
        ("    platform: el9\n", "", "distributions.centos lacks \"platform\""),
        ("    modules:", "    components:", "there is no key \"components\" in distributions.centos"),
        ("\"nodejs:20\"", "nodejs", "modules cannot be \"nodejs\" | MODULE:STREAM"),
        ("\"nodejs:20\"", "\"nodejs:20\", \"nodejs:18\"", "only one stream of nodejs can be enabled"),
        ("zfs: kmod", "zfs: yes", "zfs cannot be \"yes\" | kmod or dkms"),
        ("priority: 90", "priority: 0", "priority cannot be 0 | from 1 to 99"),
        ("keys: [/keys/EPEL]", "unsigned: true", "an unsigned repository has no vouched-by"),
        (
            "metalink: https://mirrors.example.org/metalink?repo=epel-9", "metalink: http://m.example.org/m",
            "only a metalink that comes over https vouches"
        ),
        ("        keys: [/keys/KEY]\n", "", "lacks \"keys\" | for example: keys: [/usr/share/distribution-gpg-keys"),
        (
            "        keys: [/keys/KEY]\n", "        keys: [/keys/KEY]\n        baseurl: [http://x.example]\n",
            "has baseurl and metalink"
        ),
        ("&arch=$basearch", "&arch=$arch", "$releasever and $basearch are known"),
        (
            "name: centos-hotfix", "name: debian",
            "debian has a repository called \"debian\" too | call it centos-debian"
        ),
        ("name: centos-hotfix", "name: centos-epel", "two repositories are called \"centos-epel\""),
        ("online: true", "online: true\n    repositories: []", "rhel is online: nothing is mirrored of it"),
        ("{debian: [core]}", "{debian: [core], rhel: [core]}", "rhel is online: the image carries no package of it"),
        ("excludes: [\"*-debuginfo\"]", "excludes: [\"a b\"]", "excludes cannot be \"a b\""),
    ])
    func mistakesAreToldWithWhatToDo(part: String, replacement: String, error: String) throws {
        let errors = MadeDeclaration.rpmErrors(part, replacement)
        #expect(errors.count == 1)
        #expect(errors.first?.contains(error) == true, "\(errors)")
    }
}

extension String {
    func replacingFirst(_ part: String, with replacement: String) -> String {
        guard let range = firstRange(of: part) else { return self }
        return String(self[..<range.lowerBound] + replacement + self[range.upperBound...])
    }
}
