import Declaration
import Locking
import Packages
import Primitives
import Testing

@testable import Darksites

@Suite struct RequestDifferenceTests {
    private static let repository = LockedRepository(
        name: "debian", suites: ["trixie"], components: ["main"], keyring: Digest(of: [1]))
    private static let pin = LockedPin(priority: 500, packages: ["zfs*"], kind: "release", value: "n=sid")

    private func union(_ text: String) throws -> PackageSetUnion {
        let set = try PackageSet(parsing: text, name: "s", file: "package-sets/debian/s.txt")
        return try PackageSetUnion(of: set.entries, files: [], family: .apt, architecture: "amd64")
    }

    private func request(
        _ sets: [String: String] = ["core": "bash\n", "server": "bash\nhtop\n"],
        repositories: [LockedRepository] = [repository], pins: [LockedPin] = [pin], codename: String = "trixie",
        architecture: String = "amd64"
    ) throws -> ResolutionRequest {
        let unions = try sets.mapValues(union)
        let asked = LockedRequest(
            release: "13", codename: codename, source: .apt(LockedAPTRequest(repositories: repositories, pins: pins)),
            profiles: Array(sets.keys),
            wishes: unions.flatMap { name, union in
                union.entries.map { LockedWish(profile: name, text: $0.canonicalText) }
            })
        return ResolutionRequest(
            distribution: "debian", architecture: architecture, asked: asked,
            profiles: unions.sorted { $0.key < $1.key }.map {
                ProfileRequest(name: $0.key, base: .installation, sets: $0.value)
            }, rules: .apt(APTRules()))
    }

    private func lines(_ request: ResolutionRequest, unsealed: [String] = []) throws -> [String] {
        let locked = LockedDistribution(
            name: "debian", family: .apt, architecture: "amd64", asked: try self.request().asked, snapshots: [],
            indexes: [],
            packages: [], unsealed: unsealed)
        return RequestDifference(from: locked, to: request).lines
    }

    @Test func whatIsTheSameSaysNothing() throws {
        #expect(try lines(request()) == [])
        #expect(try lines(request(["core": "# comment\nbash\n", "server": "htop\nbash\nbash?\n"])) == [])
    }

    @Test func linesOfSetsAreNamedWithTheirPlaces() throws {
        #expect(
            try lines(request(["core": "bash\n\ncurl\n", "server": "bash\n\ncurl\n-exim4\n"])) == [
                "core, server: + curl (package-sets/debian/s.txt:3)",
                "server: + -exim4 (package-sets/debian/s.txt:4)", "server: − htop",
            ])
        #expect(
            try lines(request(["core": "bash\n", "server": "bash\nhtop=3\n"])) == [
                "server: + htop=3 (package-sets/debian/s.txt:2)", "server: − htop",
            ])
    }

    @Test func profilesComeAndGoAsAWhole() throws {
        #expect(
            try lines(request(["core": "bash\n", "kvm": "qemu\n", "none": ""])) == [
                "profile kvm is new", "profile none is new", "profile server is gone",
            ])
    }

    @Test func repositoriesPinsAndTheRestAreNamed() throws {
        func with(_ suites: [String], _ keyring: Digest?) -> LockedRepository {
            LockedRepository(name: "debian", suites: suites, components: ["main", "contrib"], keyring: keyring)
        }
        #expect(
            try lines(request(repositories: [with(["trixie", "trixie-backports"], Digest(of: [2]))])) == [
                "repository debian: suites trixie → trixie, trixie-backports",
                "repository debian: components main → main, contrib", "repository debian: another keyring",
            ])
        let other = LockedRepository(name: "own", suites: ["s"], components: ["c"], keyring: nil)
        #expect(try lines(request(repositories: [Self.repository, other])) == ["repository own is new"])
        #expect(try lines(request(repositories: [other])) == ["repository own is new", "repository debian is gone"])
        #expect(try lines(request(pins: [])) == ["pins: − zfs*: release:n=sid, 500"])
        let second = LockedPin(priority: 1, packages: ["a", "b"], kind: "origin", value: "h")
        #expect(try lines(request(pins: [Self.pin, second])) == ["pins: + a, b: origin:h, 1"])
        #expect(try lines(request(codename: "forky")) == ["release 13 trixie → 13 forky"])
        #expect(try lines(request(architecture: "arm64")) == ["architecture amd64 → arm64"])
    }

    @Test func whatWasMergedOrNotSaidIsStale() throws {
        #expect(
            try lines(request(), unsealed: ["core", "server"]) == [
                "core, server: the packages are not as they were resolved (a merge, or an edit by hand)"
            ])
        let old = LockedDistribution(
            name: "debian", family: .apt, architecture: "amd64", asked: nil, snapshots: [], indexes: [], packages: [])
        #expect(RequestDifference(from: old, to: try request()).lines.count == 1)
        #expect(RequestDifference(from: nil, to: try request()).lines.count == 1)
    }
}
