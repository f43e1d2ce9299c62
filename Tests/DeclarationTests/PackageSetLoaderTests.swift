import Packages
import Primitives
import SystemPackage
import Testing

@testable import Declaration

#if canImport(Glibc)
import Glibc
#endif

/// A folder of package sets that is gone when the test is.
private final class Sets {
    let folder: FilePath

    init(_ sets: [String: String]) throws {
        folder = FilePath("/tmp/package-sets-\(getpid())-\(UInt64.random(in: 0...UInt64.max))")
        try Files.createDirectory(folder.appending("debian"))
        for (name, text) in sets { try Files.write(text.utf8, to: folder.appending("debian").appending(name + ".txt")) }
    }

    deinit { try? Files.remove(folder) }

    func load(_ profiles: [String: [String]], architecture: String = "amd64") throws -> [String: PackageSetUnion] {
        let profiles = profiles.sorted { $0.key < $1.key }.map { name, sets in
            PackageSetProfile(
                name: name, sets: sets.map { PackageSetReference($0, at: SourceLocation(file: "deploy.yaml", line: 9)) }
            )
        }
        return try PackageSetLoader(folder: folder, shownAs: "package-sets")
            .load(profiles, distribution: "debian", family: .apt, architecture: architecture)
    }

    func errors(_ profiles: [String: [String]]) -> [String] {
        do {
            Issue.record("no error: \(try load(profiles))")
            return []
        } catch let errors as UserErrors {
            return errors.errors.map(\.description)
        } catch {
            return ["\(error)"]
        }
    }
}

@Suite struct PackageSetLoaderTests {
    @Test func setsAreJoinedWithWhatTheyInclude() throws {
        let sets = try Sets([
            "base": "dpkg\nbash\n", "core": "@include base\nvim?\nbash\n",
            "server": "@include core\nnginx\nvim\n-exim4\n",
        ])
        let union = try #require(try sets.load(["server": ["base", "server"]])["server"])
        #expect(union.entries.map(\.text) == ["bash", "dpkg", "-exim4", "nginx", "vim"])
        #expect(union.optional.isEmpty)
        #expect(union.forbidden.map(\.name) == ["exim4"])
        #expect(
            union.files == [
                "package-sets/debian/base.txt", "package-sets/debian/core.txt", "package-sets/debian/server.txt",
            ])
    }

    @Test func entriesForOtherArchitecturesCountForNothing() throws {
        let sets = try Sets(["a": "grub-efi-amd64 [amd64]\ngrub-efi-arm64 [arm64]\n-grub-efi-amd64 [arm64]\n"])
        let union = try #require(try sets.load(["a": ["a"]])["a"])
        #expect(union.entries.map(\.text) == ["grub-efi-amd64"])
    }

    /// dpkg's own rules: `dpkg-architecture -a amd64 -i linux-any`.
    @Test(arguments: [
        ("any", true), ("linux-any", true), ("any-amd64", true), ("gnu-any-any", true),
        ("kfreebsd-any", false), ("musl-any-any", false), ("x32", false), ("arm64 i386", false),
        ("arm64 any-i386 amd64", true),
    ])
    func wildcardsOfArchitecturesCountAsForDpkg(restriction: String, isIn: Bool) throws {
        let sets = try Sets(["a": "curl [\(restriction)]\nzsh\n"])
        #expect(try sets.load(["a": ["a"]])["a"]?.entries.count == (isIn ? 2 : 1))
    }

    @Test(arguments: [
        ("x86_64", "here it is called amd64"), ("amd46", "did you mean amd64?"), ("aarch64", "here it is called arm64"),
        ("linux-amd46", "did you mean linux-any?"), ("noarch", "known: "),
    ])
    func anArchitectureThatNobodyKnowsIsAnError(name: String, hint: String) {
        let errors = (try? Sets(["a": "curl [arm64 \(name)] # x\n"]))?.errors(["a": ["a"]]) ?? []
        #expect(errors.count == 1)
        #expect(
            errors.first?.hasPrefix("package-sets/debian/a.txt:1:13: apt knows no architecture \"\(name)\"") == true
                && errors.first?.contains(hint) == true, "\(errors)")
    }

    @Test func inASetOfRPMTheNamesOfRPMCount() throws {
        func problem(_ name: String) -> String? {
            PackageFamily.rpm.problem(ofArchitecture: name, allowsWildcards: true)?.hint
        }
        #expect(problem("amd64") == "here it is called x86_64")
        #expect(problem("x86-64") == "did you mean x86_64?")
        #expect(problem("x86_64") == nil)
        let line = try PackageSet(parsing: "a [aarch64]\nb [x86_64]\n", name: "s", file: "s")
        let union = try PackageSetUnion(of: line.entries, files: [], family: .rpm, architecture: "x86_64")
        #expect(union.entries.map(\.name) == ["b"])
    }

    @Test func aMissingSetIsToldWhereItIsAskedForWithTheNearest() throws {
        let sets = try Sets(["server": "@include bsae\n", "base": ""])
        let errors = sets.errors(["x": ["server", "severe"]])
        #expect(errors.count == 2)
        #expect(errors[0].hasPrefix("package-sets/debian/server.txt:1:10: there is no package set \"bsae\""))
        #expect(errors[0].hasSuffix("did you mean base?"))
        #expect(errors[1].hasPrefix("deploy.yaml:9:1: there is no package set \"severe\""))
        #expect(errors[1].hasSuffix("did you mean server?"))
    }

    @Test func includingInACircleIsAnErrorThatNamesTheCircle() throws {
        let sets = try Sets(["a": "@include b\n", "b": "x\n@include c\n", "c": "@include a\n", "s": "@include s"])
        #expect(
            sets.errors(["p": ["a"]])[0].hasPrefix(
                "package-sets/debian/c.txt:1:10: sets include each other in a circle: a → b → c → a"))
        #expect(sets.errors(["p": ["s"]])[0].contains("s → s"))
    }

    @Test func wantedAndForbiddenAtOnceNamesBothPlaces() throws {
        let sets = try Sets(["a": "exim4\n", "b": "# no mail\n-exim4\n"])
        let errors = sets.errors(["p": ["a", "b"]])
        #expect(errors.count == 1)
        #expect(errors[0].hasPrefix("package-sets/debian/a.txt:1:1: exim4 is wanted and forbidden"))
        #expect(errors[0].contains("package-sets/debian/b.txt:2:1: forbidden here"))
        // In different profiles it is no contradiction.
        #expect(try sets.load(["p": ["a"], "q": ["b"]]).count == 2)
    }

    @Test func twoVersionsOfOnePackageContradictEachOther() throws {
        let sets = try Sets(["a": "zfs=2.3\n", "b": "zfs=2.4\n", "c": "zfs\nzfs/sid\n"])
        #expect(sets.errors(["p": ["a", "b"]])[0].contains("zfs is asked for as zfs=2.3 and as zfs=2.4"))
        #expect(try sets.load(["p": ["a", "c"]])["p"]?.entries.map(\.text) == ["zfs", "zfs/sid", "zfs=2.3"])
    }

    @Test func errorsOfASetInTwoProfilesAreToldOnceAndTogether() throws {
        let sets = try Sets(["a": "x y\n", "b": "z w\n"])
        #expect(sets.errors(["p": ["a"], "q": ["a", "b"]]).count == 2)
    }
}
