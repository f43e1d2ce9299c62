import Packages
import Primitives
import Testing

@testable import Locking

@Suite struct LockTests {
    static let digest = String(repeating: "0a", count: 32)

    /// What a profile line says of the packages below it: golden, because a change of it makes every lock stale.
    private static let seal = (core: "0ebe0a33efb6ed3e", live: "52c712712076298a", server: "96104812de9ae826")

    static let text = """
        # comment
        version 4

        distribution debian apt amd64
        release 13 trixie
        repository 1 debian trixie main \(digest)
        repository 2 security trixie-security main unsigned
        pin 1 500 linux-*,zfs* release:n=trixie-backports,o=a%20b
        snapshot debian trixie 2026-11-20T14:12:33Z 140123 \(digest)
        snapshot security trixie-security 2026-11-21T00:00:01Z 43000 \(digest)
        index debian trixie main amd64 9678380 dists/trixie/main/binary-amd64/Packages.xz \(digest)
        profile core 2 1537000 \(seal.core)
        want core dpkg
        profile live 2 1537000 \(seal.live)
        profile server 2 1707000 \(seal.server)
        want server -exim4
        want server htop
        essential dpkg 1.22.21 amd64 core,live,server 1537000 debian pool/main/d/dpkg/dpkg_1.22.21_amd64.deb \(digest)
        package htop 3.4.1-5 amd64 server 170000 debian pool/main/h/htop/htop_3.4.1-5_amd64.deb \(digest)
        built zfs-modules-6.12 2.3.2-1 amd64 core,live

        """

    static func errors(_ text: String) -> [String] {
        do {
            Issue.record("no error: \(try LockReader.read(Array(text.utf8), file: "deploy.lock"))")
            return []
        } catch {
            return error.errors.map { "\($0.location.map { "\($0.line):\($0.column)" } ?? "-") \($0.what)" }
        }
    }

    /// `text` as version `version` of the format had it, which did not say the family.
    private static func older(_ text: String, _ version: Int) -> String {
        text.replacing("version 4", with: "version \(version)").replacing("debian apt ", with: "debian ")
    }

    @Test func theFamilyOfAnOlderLockIsToldByItsLines() throws {
        let apt = try #require(try LockReader.read(Array(Self.older(Self.text, 3).utf8), file: "x")["debian"])
        #expect(try apt == LockReader.read(Array(Self.text.utf8), file: "x")["debian"])
        let text = "version 3\n\ndistribution centos x86_64\nrelease 9 el9\n"
        let lines = "rpm-repository 1 baseos 99 1000 - - unsigned unsigned\nbuilt zfs 1 x86_64 core\n"
        #expect(try LockReader.read(Array((text + lines).utf8), file: "x")["centos"]?.family == .rpm)
    }

    @Test func aLockThatWasCutIsNotTakenForOneWithFewerProfiles() throws {
        let lines = Self.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let section = try #require(lines.firstIndex { $0.hasPrefix("distribution ") })
        let package = try #require(lines.firstIndex { $0.hasPrefix("essential ") })
        for count in section + 1...package {
            let errors = Self.errors(lines[..<count].joined(separator: "\n") + "\n")
            #expect(errors == ["\(count):1 the lock ends before the packages of debian: it was cut off"])
        }
    }

    @Test func everyKindOfLineIsRead() throws {
        let lock = try LockReader.read(Array(Self.text.utf8), file: "deploy.lock")
        let debian = try #require(lock["debian"])
        #expect(debian.architecture == "amd64")
        #expect(debian.unsealed.isEmpty)
        #expect(debian.family == .apt)
        let asked = try #require(debian.asked)
        let apt = try #require(asked.apt)
        #expect(asked.codename == "trixie")
        #expect(apt.repositories.map(\.name) == ["debian", "security"])
        #expect(apt.repositories.map(\.keyring) == [Digest(hex: Self.digest), nil])
        #expect(apt.pins[0].packages == ["linux-*", "zfs*"])
        #expect(
            apt.pins == [
                LockedPin(
                    priority: 500, packages: ["linux-*", "zfs*"], kind: "release", value: "n=trixie-backports,o=a b")
            ])
        #expect(asked.profiles == ["core", "live", "server"])
        #expect(asked.wishes(of: "server") == ["-exim4", "htop"])
        #expect(debian.snapshots.map(\.suite) == ["trixie", "trixie-security"])
        #expect(debian.indexes[0].path == "dists/trixie/main/binary-amd64/Packages.xz")
        #expect(debian.packages[0].isEssential)
        #expect(debian.packages[0].profiles == ["core", "live", "server"])
        #expect(debian.packages[1].name == "htop")
        #expect(debian.packages[1].size == ByteCount(170_000))
        #expect(debian.packages(of: "server").count == 2)
        #expect(
            debian.built == [
                LockedBuild(
                    name: "zfs-modules-6.12", version: "2.3.2-1", architecture: "amd64", profiles: ["live", "core"])
            ])
        #expect(lock.epoch?.description == "2026-11-21T00:00:01Z")
        #expect(lock.epoch?.day == "20261121")
    }

    @Test func whatIsWrittenIsReadAsTheSameAndWrittenAsTheSame() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<30 {
            let lock = Self.random(using: &generator)
            let text = try LockWriter.text(of: lock)
            let read = try LockReader.read(text, file: "deploy.lock")
            #expect(read == lock)
            #expect(try LockWriter.text(of: read) == text)
            // As after a merge: the lines of a section in another order.
            var lines = String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
            if let first = lines.firstIndex(where: { $0.hasPrefix("distribution") }), lock.distributions.count == 1 {
                lines[(first + 1)...].shuffle()
                #expect(try LockReader.read(Array(lines.joined(separator: "\n").utf8), file: "x") == lock)
            }
        }
    }

    /// git with core.autocrlf, and editors of Windows, change nothing about what is locked.
    @Test(arguments: ["\r\n", "\n"], ["", "\u{FEFF}"])
    func endsOfLinesAndTheMarkOfAnEncodingMeanNothing(end: String, mark: String) throws {
        let text = mark + Self.text.replacing("\n", with: end)
        let lock = try LockReader.read(Array(Self.text.utf8), file: "x")
        #expect(try LockReader.read(Array(text.utf8), file: "x") == lock)
        #expect(!(try LockWriter.text(of: lock)).contains(0x0D))
    }

    /// What a file is called is what it is called: also with a space, a percent sign or a hash in it.
    @Test func pathsKeepWhatTheirNamesHave() throws {
        let names = ["pool/a b/x y#1?_1%3a2.deb", "pool/x_1%3a2%20.deb", "a+b~c", "ü%"]
        let text = Self.text.replacing("pool/main/h/htop/htop_3.4.1-5_amd64.deb", with: "PATH")
        let lock = try LockReader.read(Array(text.utf8), file: "x")
        let debian = try #require(lock["debian"])
        for name in names {
            let packages = debian.packages.map { package in
                package.path != "PATH"
                    ? package
                    : LockedPackage(
                        name: package.name, version: package.version, architecture: package.architecture,
                        profiles: package.profiles, isEssential: false, size: package.size,
                        repository: package.repository, path: name, digest: package.digest)
            }
            let changed = Lock([
                LockedDistribution(
                    name: "debian", family: .apt, architecture: "amd64", asked: debian.asked,
                    snapshots: debian.snapshots,
                    indexes: debian.indexes, packages: packages, built: debian.built, unsealed: [])
            ])
            let written = try LockWriter.text(of: changed)
            #expect(try LockReader.read(written, file: "x") == changed)
        }
        let old = Self.older(Self.text, 2).replacing("htop_3.4.1", with: "htop_3%3a4.1")
        let read = try LockReader.read(Array(old.utf8), file: "x")
        #expect(
            read["debian"]?.packages[1].path == "pool/main/h/htop/htop_3%3a4.1-5_amd64.deb", "of version 2, as it is")
    }

    @Test func aMirrorOfOursHasNoSpacesInItsPaths() {
        func package(_ path: String) -> LockedPackage {
            LockedPackage(
                name: "x", version: "1", architecture: "all", profiles: ["core"], isEssential: false, size: .zero,
                repository: "r", path: path, digest: Digest(of: [UInt8]()))
        }
        #expect(package("pool/my files/x y_1%3a2.deb").mirrorPath == "pool/my%20files/x%20y_1%3a2.deb")
        #expect(package("pool/my files/x y_1%3a2.deb").fileName == "x%20y_1%3a2.deb")
        #expect(package("https://h.example/a%2Bb/x%2B%20y.rpm").fileName == "x+%20y.rpm")
        #expect(package("../pool/x.rpm").fileName == "x.rpm")
    }

    @Test func eachPackageIsALineOfItsOwnAndOrderOfInputDoesNotMatter() throws {
        let lock = try LockReader.read(Array(Self.text.utf8), file: "deploy.lock")
        let debian = try #require(lock["debian"])
        let reversed = LockedDistribution(
            name: "debian", family: .apt, architecture: "amd64", asked: debian.asked,
            snapshots: debian.snapshots.reversed(),
            indexes: debian.indexes, packages: debian.packages.reversed(), built: debian.built,
            unsealed: debian.unsealed)
        let written = String(decoding: try LockWriter.text(of: Lock([reversed])), as: UTF8.self)
        let facts = { (text: String) in text.split(separator: "\n").filter { !$0.hasPrefix("#") } }
        #expect(facts(written) == facts(Self.text))
    }

    @Test(arguments: [
        ("version 4", "version 5", "2:9 this lock has version 5 of the format, and this deploy reads versions 1 to 4"),
        ("debian apt amd64", "debian deb amd64", "4:21 a family is apt or rpm"),
        ("pin 1", "modules a:1\npin 1", "8:1 debian is of the family apt, and \"modules\" of rpm"),
        ("version 4", "versoin 4", "2:1 a lock begins with a version line"),
        ("release", "<<<<<<< HEAD\nrelease", "5:1 git left a merge conflict here (<<<<<<<)"),
        ("built ", "=======\nbuilt ", "20:1 git left a merge conflict here (=======)"),
        ("built ", ">>>>>>> other\nbuilt ", "20:1 git left a merge conflict here (>>>>>>>)"),
        ("package htop", "pakage htop", "19:1 a line cannot begin with \"pakage\""),
        ("package htop 3", "package htop  3", "19:14 fields are separated by exactly one space"),
        ("amd64 server 170000", "amd64 server 17oooo", "19:35 this should be a number"),
        ("amd64 server 170000", "amd64 server 017000", "19:35 this is no number of bytes"),
        ("amd64 server 170000", "amd64 170000", "19:146 this line has 7 fields, and not 8"),
        ("amd64 server 170000", "amd64 server server 170000", "19:96 this line has 9 fields, and not 8"),
        ("amd64 server 1", "amd64 a,,b 1", "19:28 profiles are names with commas between, each once"),
        ("pool/main/h/htop/", "../../etc/", "19:49 this is no path in a repository"),
        ("pool/main/h/htop/", "%2E%2e/etc/", "19:49 this is no path in a repository"),
        ("pool/main/h/htop/", "a/%2/", "19:49 this is no path in a repository"),
        ("server 170000", "server\u{A0}170000", "19:34 U+00A0, a no-break space, separates no fields"),
        ("pool/main/h/htop/", "/etc/", "19:49 this is no path in a repository"),
        ("2026-11-20T14:12:33Z", "2026-02-30T14:12:33Z", "9:24 this should be a time such as 2026-11-20T14:12:33Z"),
        ("main 0a", "main 0A", "6:33 this should be a SHA-256 digest: 64 lower-case hexadecimal digits"),
        ("pin 1 500", "pin 1 high", "8:7 a priority is a whole number"),
        ("170000 debian", "170000 ubuntu", "19:1 htop is from ubuntu, which has no snapshot line"),
        ("distribution debian apt amd64\n", "", "4:1 a release line before any distribution line"),
    ])
    func whatIsNotExactlyTheFormatIsAnErrorAtItsPlace(part: String, replacement: String, expected: String) throws {
        let range = try #require(Self.text.firstRange(of: part))
        #expect(Self.errors(Self.text.replacingCharacters(range, replacement)).first == expected)
    }

    @Test(arguments: [6, 8, 9, 11, 13, 17, 18, 19, 20])
    func aFactThatIsThereTwiceIsAnError(line: Int) {
        var lines = Self.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        lines.insert(lines[line - 1], at: lines.count - 1)
        let errors = Self.errors(lines.joined(separator: "\n"))
        #expect(errors.count == 1)
        #expect(errors[0].hasPrefix("21:1 ") && errors[0].hasSuffix("is there twice"))
    }

    /// Version 1 had a digest of what was asked for: what that was is not known, so the section is stale, and no error.
    @Test func aLockOfVersionOneIsReadAndSaysNothingOfWhatWasAskedFor() throws {
        let asked = ["release", "repository", "pin", "profile", "want"]
        let lines = Self.text.split(separator: "\n").filter { line in !asked.contains { line.hasPrefix($0 + " ") } }
        let text = Self.older(lines.joined(separator: "\n"), 1)
            .replacing("snapshot debian", with: "declaration \(Self.digest)\nsnapshot debian")
        let lock = try LockReader.read(Array(text.utf8), file: "deploy.lock")
        #expect(lock["debian"]?.asked == nil)
        #expect(lock["debian"]?.packages.count == 2)
    }

    @Test(arguments: [
        ("package htop 3.4.1-5", "package htop 3.4.1-6", ["server"]),
        ("want server htop\n", "", ["server"]), ("want core dpkg", "want core bash", ["core"]),
        ("profile server 2 1707000", "profile server 3 1707000", ["server"]),
        ("built zfs-modules-6.12 2.3.2-1 amd64 core,live\n", "", ["core", "live"]),
        ("core,live,server 1537000", "core,server 1537000", ["live"]),
        ("14:12:33Z 140123 0a", "14:12:33Z 140123 0b", ["core", "live", "server"]),
    ])
    func aProfileWhosePackagesAreNotThoseThatWereResolvedIsSeen(
        part: String, replacement: String, unsealed: [String]
    ) throws {
        let text = Self.text.replacing(part, with: replacement)
        #expect(text != Self.text)
        #expect(try LockReader.read(Array(text.utf8), file: "deploy.lock")["debian"]?.unsealed == unsealed)
    }

    @Test func aPackageIsEssentialOrItIsNot() {
        let lines = Self.text.split(separator: "\n").map(String.init)
        guard let essential = lines.first(where: { $0.hasPrefix("essential ") }) else { return }
        let other = "package " + essential.dropFirst("essential ".count)
        #expect(Self.errors(Self.text + other + "\n") == ["21:1 dpkg is essential on another line"])
        #expect(throws: Never.self) {
            let foreign = other.replacing("1.22.21 amd64", with: "1.22.21 i386")
            _ = try LockReader.read(Array((Self.text + foreign + "\n").utf8), file: "deploy.lock")
        }
    }

    @Test(arguments: ["", "\n\n# nothing\n"])
    func aLockWithoutVersionIsAnError(text: String) {
        #expect(Self.errors(text).count == 1)
    }

    @Test func aNameWithASpaceIsNotWritten() {
        let build = LockedBuild(name: "a b", version: "1", architecture: "amd64", profiles: ["x"])
        let lock = Lock([
            LockedDistribution(
                name: "debian", family: .apt, architecture: "amd64", asked: nil, snapshots: [], indexes: [],
                packages: [], built: [build])
        ])
        #expect(throws: Mistake.self) { try LockWriter.text(of: lock) }
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (1_795_184_353, "2026-11-20T14:19:13Z"),
        (4_107_542_399, "2100-02-28T23:59:59Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
    ])
    func datesAreWrittenAsInRFC3339(seconds: Int64, text: String) {
        #expect(LockDate(secondsSince1970: seconds).description == text)
        #expect(LockDate(text.utf8)?.secondsSince1970 == seconds)
    }

    // MARK: -

    static func random(using generator: inout some RandomNumberGenerator) -> Lock {
        var counter: UInt8 = 0
        func digest() -> Digest {
            counter &+= 1
            return Digest(of: [counter])
        }
        func pick(_ values: [String]) -> String { values.randomElement(using: &generator) ?? "" }
        let distributions = (0..<Int.random(in: 1...2, using: &generator)).map { number in
            let packages = (0..<Int.random(in: 0...60, using: &generator)).map { index in
                LockedPackage(
                    name: "\(pick(["lib", "zlib", "a+", "0ad"]))\(index)", version: "\(index):1.\(index)~rc1-\(index)",
                    architecture: pick(["amd64", "all"]),
                    profiles: Array(Set((0...3).map { _ in pick(["core", "server", "live", "builder"]) })),
                    isEssential: Bool.random(using: &generator),
                    size: ByteCount(Int64.random(in: 0...999_999_999_999, using: &generator)), repository: "main",
                    path: "pool/ü/\(index)%3a1.deb", digest: digest())
            }
            let source: LockedRequest.Source =
                if number == 0 {
                    .apt(
                        LockedAPTRequest(
                            repositories: ["z", "main"].map {
                                LockedRepository(name: $0, suites: ["s", "t"], components: ["main"], keyring: digest())
                            },
                            pins: [LockedPin(priority: -10, packages: ["z*", "a"], kind: "version", value: "1 %")]))
                } else {
                    .rpm(
                        LockedRPMRequest(
                            excludes: ["kernel-rt*"],
                            modules: Bool.random(using: &generator) ? [] : ["php:8.2", "nodejs:20"],
                            repositories: ["z", "main"].map { name in
                                LockedRPMRepository(
                                    name: name, trust: .keys(digest()), packageKeys: digest(), priority: 1, cost: 0,
                                    excludes: name == "z" ? [] : ["b", "a*"], ignoresModules: name == "z")
                            }))
                }
            return LockedDistribution(
                name: "distro\(number)", family: source.family, architecture: "amd64",
                asked: LockedRequest(
                    release: "13", codename: pick(["trixie", "sid"]),
                    source: source,
                    profiles: ["core", "server", "live", "builder", "empty"],
                    wishes: [LockedWish(profile: "server", text: "htop"), LockedWish(profile: "core", text: "-x")]),
                snapshots: [
                    LockedSnapshot(
                        repository: "main", suite: "s", date: LockDate(secondsSince1970: Int64(counter) * 99_999_999),
                        digest: digest(), size: ByteCount(7))
                ],
                indexes: [], packages: packages,
                built: [LockedBuild(name: "b", version: "1", architecture: "all", profiles: ["core"])])
        }
        return Lock(distributions)
    }
}

extension String {
    func replacingCharacters(_ range: Range<Index>, _ replacement: String) -> String {
        self[..<range.lowerBound] + replacement + self[range.upperBound...]
    }
}
