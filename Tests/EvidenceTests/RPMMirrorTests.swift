import Archives
import Evidence
import Primitives
import RPM
import SystemPackage
import Testing

/// A mirror of RPM packages on an image is read by its own metadata, and its profiles are solved from it.
@Suite struct RPMMirrorTests {
    /// A repository with two packages, of which one requires the other and a file of it.
    private func lay(_ files: inout [String: [UInt8]], list: String) throws {
        let packages = [
            ("tool", "<rpm:requires><rpm:entry name=\"lib\" flags=\"GE\" epoch=\"1\" ver=\"2\"/></rpm:requires>"),
            ("lib", ""),
        ]
        let entries = packages.map { name, relations in
            let bytes = Array("the package \(name)".utf8)
            let place = "Packages/\(name)-2-1.x86_64.rpm"
            files["darksite/rpm/centos/\(place)"] = bytes
            return """
                <package type="rpm"><name>\(name)</name><arch>x86_64</arch>
                <version epoch="\(name == "lib" ? 1 : 0)" ver="2" rel="1"/>
                <checksum type="sha256" pkgid="YES">\(Digest(of: bytes).hex)</checksum><summary>x</summary>
                <time file="1" build="1"/><size package="\(bytes.count)" installed="2" archive="1"/>
                <location href="\(place)"/><format><rpm:license>MIT</rpm:license>
                <rpm:provides><rpm:entry name="\(name)" flags="EQ" epoch="\(name == "lib" ? 1 : 0)" ver="2" rel="1"/></rpm:provides>
                \(relations)</format></package>
                """
        }
        let primary = Array(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="2">
            \(entries.joined(separator: "\n"))
            </metadata>
            """.utf8)
        let packed = try Compression.gzip.compress(primary, level: 6)
        let digest = Digest(of: packed).hex
        files["darksite/rpm/centos/repodata/primary.xml.gz"] = packed
        files["darksite/rpm/centos/repodata/repomd.xml"] = Array(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>1</revision>
            <data type="primary"><checksum type="sha256">\(digest)</checksum><location href="repodata/primary.xml.gz"/>
            <size>\(packed.count)</size><open-size>\(primary.count)</open-size></data></repomd>
            """.utf8)
        files["darksite/centos/distribution"] = Array(
            "FAMILY=rpm\nPROFILES=core\nRELEASE=9\nCODENAME=9\nARCHITECTURE=x86_64\n".utf8)
        files["darksite/centos/profiles/core"] = Array(list.utf8)
    }

    private func findings(_ list: String, _ change: (inout [String: [UInt8]]) -> Void = { _ in }) async throws
        -> [String]
    {
        let made = try await MadeImage { files in
            try? lay(&files, list: list)
            change(&files)
        }
        // The lock of the made image does not know this mirror, and nobody signed it.
        return try await made.findings(key: made.folder.appending("key.asc")).filter {
            !$0.hasSuffix("is not signed") && !$0.hasSuffix("has nothing of it")
        }
    }

    @Test func aProfileThatIsCompleteInstalls() async throws {
        #expect(try await findings("lib 1:2-1 x86_64\ntool 0:2-1 x86_64\n") == [])
    }

    @Test func aProfileThatLacksWhatIsRequiredIsNamed() async throws {
        let found = try await findings("tool 0:2-1 x86_64\n")
        #expect(
            found.count == 1 && found[0].hasPrefix("darksite/centos/profiles/core lacks what its packages need: lib"))
    }

    @Test func aPackageThatIsNotTheListedOneIsNamed() async throws {
        let place = "darksite/rpm/centos/Packages/lib-2-1.x86_64.rpm"
        let found = try await findings("lib 1:2-1 x86_64\n") { $0[place] = [1] }
        #expect(found == ["\(place) is not the one that darksite/rpm/centos/repodata/primary.xml.gz lists"])
    }
}
