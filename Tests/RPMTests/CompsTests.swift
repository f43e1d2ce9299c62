import MadeRepository
import Primitives
import Testing

@testable import RPM

@Suite("Groups and mirrors")
struct CompsTests {
    private static let comps = """
        <?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE comps PUBLIC '-//Red Hat, Inc.//DTD Comps info//EN' 'comps.dtd'>
        <comps>
          <group><id>core</id><name>Core</name><name xml:lang="de">Kern</name><description>Small &amp; whole</description>
            <default>true</default><uservisible>false</uservisible>
            <packagelist><packagereq type="mandatory">bash</packagereq><packagereq type="default">vim</packagereq>
              <packagereq type="optional">emacs</packagereq><packagereq type="conditional" requires="gtk">gtk-im</packagereq>
              <packagereq type="mandatory">absent</packagereq></packagelist></group>
          <group><id>web</id><name>Web</name><packagelist><packagereq>httpd</packagereq></packagelist></group>
          <environment><id>server</id><name>Server</name><display_order>5</display_order>
            <grouplist><groupid>core</groupid></grouplist>
            <optionlist><groupid default="true">web</groupid><groupid>other</groupid></optionlist></environment>
        </comps>
        """

    @Test("are read, with their members as dnf takes them")
    func groups() throws {
        let comps = try Comps(reading: Array(Self.comps.utf8), source: "made")
        let core = try #require(comps.group("core"))
        #expect(core.name == "Core" && core.description == "Small & whole" && core.isDefault)
        #expect(core.members.map(\.name) == ["bash", "vim", "emacs", "gtk-im", "absent"])
        #expect(core.members[3] == Comps.Member(name: "gtk-im", membership: .conditional, condition: "gtk"))
        #expect(comps.members(of: "core")?.map(\.name) == ["bash", "vim", "gtk-im", "absent"])
        #expect(comps.members(of: "Core", includesOptional: true)?.count == 5)
        #expect(comps.members(of: "server")?.map(\.name) == ["bash", "vim", "gtk-im", "absent", "httpd"])
        #expect(comps.environment("server")?.name == "Server")
        #expect(comps.members(of: "none") == nil)
        let merged = comps.merged(with: comps)
        #expect(merged == comps)
    }

    @Test("are asked for as @group; conditional members come where their condition is")
    func request() throws {
        let table = try MadeRepository.table([
            (
                name: "made",
                lines: ["bash-1-1.x86_64", "vim-1-1.x86_64 requires: none", "gtk-1-1.x86_64", "gtk-im-1-1.x86_64"]
            )
        ])
        let comps = try Comps(reading: Array(Self.comps.utf8), source: "made")
        let universe = RPMUniverse(table, rules: RPMPolicy(architecture: "x86_64"), groups: comps)
        #expect(try universe.answer("@core") == ["bash-1-1.x86_64"])
        #expect(try universe.answer("@core", "gtk") == ["bash-1-1.x86_64", "gtk-1-1.x86_64", "gtk-im-1-1.x86_64"])
        let error = #expect(throws: RPMRequestError.self) { try universe.answer("@cor") }
        #expect(error?.problem == .unknownGroup(nearest: ["core"]))
    }

    private static let digest = String(repeating: "ab", count: 32)

    @Test("of a metalink: digests of repomd.xml, and mirrors by preference")
    func metalink() throws {
        let text = """
            <?xml version="1.0" encoding="utf-8"?>
            <metalink version="3.0" xmlns="http://www.metalinker.org/" xmlns:mm0="http://fedorahosted.org/mirrormanager">
             <files><file name="repomd.xml"><mm0:timestamp>1700000000</mm0:timestamp><size>4459</size>
              <verification><hash type="md5">d41d8cd98f00b204e9800998ecf8427e</hash><hash type="sha256">\(Self.digest)</hash></verification>
              <mm0:alternates><mm0:alternate><mm0:timestamp>1600000000</mm0:timestamp><size>4000</size>
               <verification><hash type="sha256">\(String(repeating: "cd", count: 32))</hash></verification></mm0:alternate></mm0:alternates>
              <resources maxconnections="1">
               <url protocol="rsync" type="rsync" preference="100">rsync://a.example.org/x/repodata/repomd.xml</url>
               <url protocol="http" preference="90">http://b.example.org/x/repodata/repomd.xml</url>
               <url protocol="https" preference="99">https://c.example.org/x/repodata/repomd.xml</url>
              </resources></file></files></metalink>
            """
        #expect(MirrorList.isMetalink(Array(text.utf8)))
        let list = try MirrorList(metalink: Array(text.utf8), source: "made")
        #expect(list.repositories == ["https://c.example.org/x", "http://b.example.org/x"])
        #expect(list.states.map(\.size) == [4459, 4000])
        #expect(list.states[0].sha256?.hex == Self.digest && list.states[0].timestamp == 1_700_000_000)
        #expect(list.states[0].digests.count == 1, "MD5 vouches for nothing")
    }

    @Test("of a metalink without a trusted digest, or without an address, are refused")
    func badMetalink() {
        func problem(_ inside: String) -> MetadataError.Problem? {
            let text = "<metalink><files><file name=\"repomd.xml\">\(inside)</file></files></metalink>"
            let error = #expect(throws: MetadataError.self) {
                try MirrorList(metalink: Array(text.utf8), source: "made")
            }
            return error?.problem
        }
        let url = "<url>http://b.example.org/x/repodata/repomd.xml</url>"
        let hash = "<verification><hash type=\"sha256\">\(Self.digest)</hash></verification>"
        #expect(problem(url) == .noTrustedDigest)
        #expect(
            problem("<verification><hash type=\"sha1\">\(Self.digest)</hash></verification>" + url) == .noTrustedDigest)
        #expect(problem(hash) == .empty)
        #expect(problem(hash + "<url>javascript:x/repodata/repomd.xml</url>") == .empty)
        #expect(problem("<verification><hash type=\"sha256\">abc</hash></verification>") == .badValue("digest", "abc"))
    }

    @Test("of a plain list")
    func list() throws {
        let list = try MirrorList(
            list: Array("# comment\nhttps://a.example.org/x/\n\n http://b.example.org/y\n".utf8), source: "made")
        #expect(list.repositories == ["https://a.example.org/x", "http://b.example.org/y"])
        let mixed = try MirrorList(
            list: Array("rsync://r.example/x\r\nftp://f.example/x\n\n#\nhttps://a.example.org/x\r\n".utf8),
            source: "made")
        #expect(mixed.repositories == ["https://a.example.org/x"], "what is for other programs is passed over")
        let other = #expect(throws: MetadataError.self) {
            try MirrorList(list: Array("rsync://r.example/x\n".utf8), source: "made")
        }
        #expect(other?.problem == .empty)
        let bad = #expect(throws: MetadataError.self) { try MirrorList(list: Array("\n<html>\n".utf8), source: "made") }
        #expect(bad?.line == 2)
        let empty = #expect(throws: MetadataError.self) { try MirrorList(list: Array("# none\n".utf8), source: "made") }
        #expect(empty?.problem == .empty)
    }
}
