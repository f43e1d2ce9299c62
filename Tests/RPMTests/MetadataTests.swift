import Archives
import MadeRepository
import Primitives
import Solver
import Testing

@testable import RPM

@Suite("Metadata of RPM repositories")
struct MetadataTests {
    static let repomd = """
        <?xml version="1.0" encoding="UTF-8"?>
        <repomd xmlns="http://linux.duke.edu/metadata/repo">
          <revision>9-stream</revision>
          <tags><distro cpeid="cpe:/o:made:9">Made 9</distro></tags>
          <data type="primary">
            <checksum type="sha256">c03bb2ebc33bbee3046da091b45d90717273a43d3641a9d84e6eede05637bc8a</checksum>
            <open-checksum type="sha256">a1df0d610cd466c0ff1638782c5a1427b19a01bcde147105e9a07f87669f038a</open-checksum>
            <location href="repodata/primary.xml.gz"/><timestamp>1736761560.25</timestamp>
            <size>3597627</size><open-size>51840420</open-size>
          </data>
          <data type="group"><checksum type="sha">da39a3ee5e6b4b0d3255bfef95601890afd80709</checksum>
            <location href="repodata/comps.xml"/></data>
        </repomd>
        """

    @Test("are listed in repomd.xml")
    func index() throws {
        let index = try RepositoryIndex(reading: Array(Self.repomd.utf8), source: "made")
        #expect(index.revision == "9-stream" && index.distributions == ["Made 9"] && index.timestamp == 1_736_761_560)
        let primary = try #require(index.file("primary"))
        #expect(primary.location == "repodata/primary.xml.gz" && primary.size == 3_597_627)
        #expect(primary.openSize == 51_840_420 && primary.openChecksum?.digits.hasPrefix("a1df") == true)
        #expect(primary.sha256?.hex.hasPrefix("c03bb2") == true)
        #expect(index.groups.map(\.checksumKind) == [.sha1])
    }

    @Test(
        "that lie or lead astray in repomd.xml are refused",
        arguments: [
            ("repodata/primary.xml.gz", "../../etc/passwd", .unsafePath("../../etc/passwd")),
            ("repodata/primary.xml.gz", "/etc/passwd", .unsafePath("/etc/passwd")),
            ("repodata/primary.xml.gz", "repodata/./x", .unsafePath("repodata/./x")),
            (
                "type=\"sha256\">c03", "type=\"md5\">c03",
                .badValue("digest", "c03bb2ebc33bbee3046da091b45d90717273a43d3641a9d84e6eede05637bc8a")
            ),
            ("type=\"primary\"", "type=\"secondary\"", .missing("the primary index")),
            ("<size>3597627</size>", "<size>-1</size>", .badValue("size", "-1")),
            ("<location href=\"repodata/primary.xml.gz\"/>", "", .missing("the location of primary")),
            ("repomd xmlns", "metadata xmlns", .wrongRoot("metadata")),
        ] as [(String, String, MetadataError.Problem)])
    func badIndex(part: String, replacement: String, problem: MetadataError.Problem) throws {
        var text = Self.repomd
        let range = try #require(text.firstRange(of: part))
        text.replaceSubrange(range, with: replacement)
        if problem == .wrongRoot("metadata") { text = text.split(separator: "</repomd>")[0] + "</metadata>" }
        let error = #expect(throws: MetadataError.self) {
            try RepositoryIndex(reading: Array(text.utf8), source: "made")
        }
        #expect(error?.problem == problem)
    }

    @Test("with only a digest that vouches for nothing are refused")
    func weakDigest() {
        let text = """
            <repomd><data type="primary"><checksum type="sha">da39a3ee5e6b4b0d3255bfef95601890afd80709</checksum>
            <location href="repodata/p.xml"/></data></repomd>
            """
        let error = #expect(throws: MetadataError.self) {
            try RepositoryIndex(reading: Array(text.utf8), source: "made")
        }
        #expect(error?.problem == .noTrustedDigest)
    }

    @Test("say everything of a package", arguments: [Compression.none, .gzip, .xz, .zstd])
    func package(compression: Compression) throws {
        let line =
            "a-2:1.5-3.el9.x86_64 requires: b >= 1:2, (c or d); recommends: e; conflicts: f < 2; files: /usr/bin/a, /etc/a"
        let xml = MadeRepository.xml([line, "b-2-1.noarch"])
        let packed = compression == .none ? xml : try compression.compress(xml)
        let table = try RPMTable([(index: try PrimaryIndex(reading: packed, source: "made"), repository: "made")])
        #expect(table.packageCount == 2)
        let package = PackageID(0)
        let details = table.details(of: package)
        #expect(details.name == "a" && details.version.text == "2:1.5-3.el9" && details.architecture == "x86_64")
        #expect(details.location == "Packages/a-2:1.5-3.el9.x86_64.rpm" && details.size == ByteCount(1000))
        #expect(details.installedSize == ByteCount(2000) && details.headerRange == 100..<900)
        #expect(
            details.checksumKind == .sha256 && details.checksum.count == 64 && details.summary == "A <made> package")
        #expect(
            details.sourcePackage == "a-1-1.src.rpm" && details.license == "MIT" && details.buildTime == 1_700_000_000)
        #expect(table.relations(.requires, of: package).map(\.description) == ["b >= 1:2", "(c or d)"])
        #expect(table.relations(.conflicts, of: package).map(\.description) == ["f < 2"])
        #expect(table.relations(.recommends, of: package).map(\.description) == ["e"])
        #expect(table.files(of: package) == ["/usr/bin/a", "/etc/a"])
        #expect(table.nevra(of: package) == "a-2:1.5-3.el9.x86_64")
        // The element can be copied from the index as it stands.
        let element = String(decoding: xml[table.details(of: PackageID(1)).element], as: UTF8.self)
        #expect(element.contains("<name>b</name>") && element.hasSuffix("</package>") && !element.contains("<name>a<"))
    }

    @Test("are the same table when it was stored and mapped")
    func stored() throws {
        let repositories = [
            (name: "one", lines: ["a-1-1.x86_64 requires: b"]), (name: "two", lines: ["b-1-1.noarch", "a-2-1.i686"]),
        ]
        let table = try MadeRepository.table(repositories)
        let copy = try #require(RPMTable(stored: ByteRegion(Array(table.storedBytes)), repositories: ["one", "two"]))
        for package in (0..<3).map({ PackageID($0) }) {
            #expect(copy.details(of: package) == table.details(of: package))
        }
        #expect(copy.packages(named: "a") == [PackageID(0), PackageID(2)])
        #expect(
            try RPMUniverse(copy, rules: RPMPolicy(architecture: "x86_64")).answer("a-1") == [
                "a-1-1.x86_64", "b-1-1.noarch",
            ])
        for size in [0, 100, table.storedBytes.count / 2] {
            #expect(RPMTable(stored: ByteRegion(Array(table.storedBytes.prefix(size))), repositories: []) == nil)
        }
    }

    @Test("ask for filelists only where a package wants a file that primary.xml leaves out")
    func files() throws {
        let plain = ["a-1-1.x86_64 requires: /usr/bin/b, /etc/none", "b-1-1.x86_64 files: /usr/bin/b"]
        #expect(try MadeRepository.table([(name: "made", lines: plain)]).missingFiles.isEmpty)
        let lines = ["a-1-1.x86_64 requires: (/usr/share/x or none), /usr/libexec/y", "b-1-1.x86_64"]
        var index = try MadeRepository.index(lines)
        let table = try RPMTable([(index: index, repository: "made")])
        #expect(table.missingFiles == ["/usr/libexec/y", "/usr/share/x"])
        let rules = RPMPolicy(architecture: "x86_64")
        #expect(try RPMUniverse(table, rules: rules).answer("a") == nil)
        let digest = Digest(of: "b-1-1.x86_64".utf8).hex
        let xml = """
            <filelists packages="2"><package pkgid="\(digest)" name="b" arch="x86_64"><version epoch="0" ver="1" rel="1"/>
            <file>/usr/libexec/y</file><file type="dir">/usr/share/x</file><file>/usr/share/z</file></package>
            <package pkgid="0"><file>/other</file></package></filelists>
            """
        let list = try FileList(reading: Array(xml.utf8), source: "made", wanted: table.missingFiles)
        #expect(list.foundPaths == ["/usr/libexec/y", "/usr/share/x"])
        index.add(list)
        let whole = try RPMTable([(index: index, repository: "made")])
        #expect(try RPMUniverse(whole, rules: rules).answer("a") == ["a-1-1.x86_64", "b-1-1.x86_64"])
        #expect(whole.missingFiles.isEmpty)
    }

    private static func problem(_ bytes: [UInt8], openSize: Int? = nil) -> MetadataError.Problem? {
        let error = #expect(throws: MetadataError.self) {
            try PrimaryIndex(reading: bytes, source: "made", openSize: openSize)
        }
        return error?.problem
    }

    @Test("that are cut off, too large or no XML are refused")
    func malformed() throws {
        let xml = MadeRepository.xml(["a-1-1.x86_64", "b-1-1.x86_64"])
        for size in [0, 200, xml.count / 2, xml.count - 14] {
            #expect(Self.problem(Array(xml[..<size])) == .truncated, "\(size) bytes")
        }
        #expect(Self.problem(xml, openSize: 100) == .tooLarge(limit: 100))
        #expect(Self.problem(MadeRepository.xml(["a-1-1.x86_64"], count: 2)) == .countDiffers(declared: 2, found: 1))
        for text in ["<metadata><package></metadata>", "no XML", "<metadata a=1/>"] {
            guard case .syntax? = Self.problem(Array(text.utf8)) else {
                #expect(Bool(false), "\(text) was read")
                continue
            }
        }
        let packed = try Compression.gzip.compress(xml)
        #expect(throws: ArchiveError.self) {
            try PrimaryIndex(reading: Array(packed[..<(packed.count / 2)]), source: "made")
        }
        var damaged = packed
        damaged[packed.count - 6] ^= 1
        #expect(throws: ArchiveError.self) { try PrimaryIndex(reading: damaged, source: "made") }
        #expect(Self.problem(packed, openSize: 100) == .tooLarge(limit: 100))
        let old = try Compression.bzip2.compress(xml)
        #expect(try PrimaryIndex(reading: old, source: "primary.xml.bz2").count == 2)
    }

    @Test("that declare entities are refused, however harmless")
    func entities() {
        let bomb = """
            <!DOCTYPE metadata [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
            <!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><metadata packages="0"><package>&c;</package></metadata>
            """
        #expect(Self.problem(Array(bomb.utf8)) == .entities)
        let external = "<!DOCTYPE m [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><metadata packages=\"0\">&x;</metadata>"
        #expect(Self.problem(Array(external.utf8)) == .entities)
        #expect(Self.problem(Array("<metadata>&nbsp;</metadata>".utf8)) == .entities)
        let undeclared = "<!DOCTYPE comps SYSTEM \"comps.dtd\"><comps><group><id>&x;</id></group></comps>"
        let error = #expect(throws: MetadataError.self) { try Comps(reading: Array(undeclared.utf8), source: "made") }
        #expect(error?.problem == .entities)
    }

    @Test("that are nested without end, or in another encoding, are refused")
    func odd() {
        let deep = "<metadata>" + String(repeating: "<a>", count: 100_000)
        #expect(Self.problem(Array(deep.utf8)) == .tooDeep)
        let latin = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><metadata packages=\"0\"/>"
        #expect(Self.problem(Array(latin.utf8)) == .encoding("ISO-8859-1"))
    }

    @Test(
        "with packages that mean nothing are refused, and say which",
        arguments: [
            (
                "<location href=\"Packages/a-1-1.x86_64.rpm\"/>", "<location href=\"a/../../a.rpm\"/>",
                .unsafePath("a/../../a.rpm")
            ),
            ("<location href=\"Packages/a-1-1.x86_64.rpm\"/>", "", .missing("location")),
            ("<arch>x86_64</arch>", "", .missing("arch")),
            ("epoch=\"0\" ver=\"1\"", "epoch=\"x\" ver=\"1\"", .badValue("epoch", "x")),
            ("type=\"sha256\" pkgid", "type=\"crc\" pkgid", .badValue("kind of digest", "crc")),
            ("package=\"1000\"", "package=\"many\"", .badValue("size", "many")),
            ("flags=\"EQ\"", "flags=\"LIKE\"", .badValue("comparison", "LIKE")),
            ("name=\"a\" flags", "flags", .missing("the name of a relation")),
        ] as [(String, String, MetadataError.Problem)])
    func badPackage(part: String, replacement: String, problem: MetadataError.Problem) throws {
        var text = String(decoding: MadeRepository.xml(["a-1-1.x86_64"]), as: UTF8.self)
        text.replaceSubrange(try #require(text.firstRange(of: part)), with: replacement)
        let error = #expect(throws: MetadataError.self) { try PrimaryIndex(reading: Array(text.utf8), source: "made") }
        #expect(error?.problem == problem)
        #expect(error?.package == "a")
        #expect(error?.line != nil)
    }

    @Test("with a relation that means nothing are refused")
    func badRelation() {
        let error = #expect(throws: MetadataError.self) { try MadeRepository.index(["a-1-1.x86_64 requires: (b and"]) }
        guard case .relation? = error?.problem else { return #expect(Bool(false)) }
    }

    @Test("leave source packages out, and take kinds of relations in any order")
    func order() throws {
        let xml = """
            <metadata packages="2"><package type="rpm"><name>s</name><arch>src</arch><version ver="1" rel="1"/>
            <checksum type="sha256">\(Digest(of: [UInt8]()).hex)</checksum><location href="s.rpm"/></package>
            <package type="rpm"><name>a</name><arch>noarch</arch><version ver="1" rel="1"/>
            <checksum type="sha256">\(Digest(of: [UInt8]()).hex)</checksum><location href="a.rpm"/>
            <format><enhances><entry name="e"/></enhances><requires><entry name="r" pre="1"/></requires>
            <provides><entry name="a"/></provides></format></package></metadata>
            """
        let table = try RPMTable([
            (index: try PrimaryIndex(reading: Array(xml.utf8), source: "made"), repository: "made")
        ])
        #expect(table.packageCount == 1)
        #expect(table.relations(.requires, of: PackageID(0)) == [RPMRelation(name: "r", flags: .pre)])
        #expect(table.relations(.enhances, of: PackageID(0)) == [RPMRelation(name: "e")])
        #expect(table.relations(.provides, of: PackageID(0)) == [RPMRelation(name: "a")])
    }

    /// Several repositories may share a folder of packages, and metadata may be elsewhere than what they are about.
    @Test("may name packages beside the repository, or at another address")
    func locations() {
        #expect(RepositoryPath.joined("Packages/a+b.rpm", base: nil) == "Packages/a+b.rpm")
        #expect(RepositoryPath.joined("../pool/a.rpm", base: nil) == "../pool/a.rpm")
        #expect(
            RepositoryPath.joined("Packages/a+b 1.rpm", base: "http://h.example/x/")
                == "http://h.example/x/Packages/a%2Bb%201.rpm")
        for base in ["media://1", "file:///etc", "../x", "http:///x"] {
            #expect(RepositoryPath.joined("a.rpm", base: base) == nil, "\(base)")
        }
        for good in ["a", "../a", "../../p/a.rpm", "https://h.example:8080/p/a.rpm"] {
            #expect(RepositoryPath.isLocation(good), "\(good)")
        }
        for bad in [
            "", "/a", "a/../b", "..", "../", "a//b", "./a", "http://h.example", "http:///a", "https://h/../a/../b",
        ] {
            #expect(!RepositoryPath.isLocation(bad), "\(bad)")
        }
    }
}
