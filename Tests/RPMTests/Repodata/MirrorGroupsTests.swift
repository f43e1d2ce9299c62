import Testing

@testable import RPM

/// Groups and modules of a mirror, out of upstream's.
@Suite struct MirrorGroupsTests {
    private static let comps = """
        <?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE comps PUBLIC "-//CentOS//DTD Comps info//EN" "comps.dtd">
        <comps>
          <group>
            <id>core</id>
            <name>Core</name>
            <name xml:lang="de">Kern &amp; mehr</name>
            <description/>
            <default>true</default>
            <!-- not for everybody -->
            <packagelist>
              <packagereq type="mandatory">bash</packagereq>
              <packagereq type="conditional" requires="NetworkManager">nm-server</packagereq>
              <packagereq type="optional">gone</packagereq>
            </packagelist>
          </group>
          <group><id>games</id><packagelist><packagereq>chess</packagereq></packagelist></group>
          <category><id>all</id><grouplist><groupid>core</groupid></grouplist></category>
          <environment>
            <id>minimal</id>
            <name>Minimal</name>
            <grouplist><groupid>core</groupid><groupid>games</groupid></grouplist>
            <optionlist><groupid>games</groupid></optionlist>
          </environment>
          <environment><id>empty</id><grouplist><groupid>games</groupid></grouplist></environment>
        </comps>

        """

    @Test func groupsKeepWhatTheMirrorHas() throws {
        var filter = MirrorComps(packages: ["bash", "nm-server", "tmux"])
        try filter.add(Array(Self.comps.utf8), source: "one")
        try filter.add(
            Array(
                "<comps><group><id>core</id><packagelist><packagereq>tmux</packagereq><packagereq>bash</packagereq></packagelist></group></comps>"
                    .utf8),
            source: "two")
        #expect(
            filter.file?.utf8Text == """
                <?xml version="1.0" encoding="UTF-8"?>
                <comps>
                  <group>
                    <id>core</id>
                    <name>Core</name>
                    <name xml:lang="de">Kern &amp; mehr</name>
                    <description/>
                    <default>true</default>
                    <packagelist>
                      <packagereq type="mandatory">bash</packagereq>
                      <packagereq type="conditional" requires="NetworkManager">nm-server</packagereq>
                      <packagereq>tmux</packagereq>
                    </packagelist>
                  </group>
                  <environment>
                    <id>minimal</id>
                    <name>Minimal</name>
                    <grouplist>
                      <groupid>core</groupid>
                    </grouplist>
                    <optionlist>
                    </optionlist>
                  </environment>
                </comps>

                """)
        #expect(MirrorComps(packages: []).file == nil)
    }

    @Test(arguments: [
        ("<comps><group><packagelist/></group></comps>", "a group without an id"),
        ("<comps><group><id>&core;</id></group></comps>", "an entity of its own"),
        ("<comps><group>", "it ends too early"), ("<html/>", "no element comps"),
    ])
    func otherFilesAreRefused(text: String, problem: String) {
        var filter = MirrorComps(packages: [])
        let error = #expect(throws: RepodataError.self) { try filter.add(Array(text.utf8), source: "comps") }
        #expect(error?.what.contains(problem) == true, "\(error?.what ?? "")")
    }

    private static let modules = """
        ---
        document: modulemd
        version: 2
        data:
          name: nodejs
          stream: "20"
          version: 9050020241102
          context: rhel9
          arch: x86_64
          artifacts:
            rpms:
            - nodejs-1:20.16.0-1.x86_64
        ...
        ---
        document: modulemd
        version: 2
        data:
          name: nodejs
          stream: "18"
          artifacts: {rpms: [nodejs-1:18.20.4-1.x86_64]}
        ---
        document: modulemd-defaults
        version: 1
        data:
          module: nodejs
          stream: "18"
        ...

        """

    @Test func theStreamThatTheMirrorHasIsTheDefault() throws {
        var modules = MirrorModules(packages: ["nodejs-1:20.16.0-1.x86_64", "bash-0:5-1.x86_64"])
        try modules.add(Array(Self.modules.utf8), source: "one")
        try modules.add(Array(Self.modules.utf8), source: "again")
        #expect(modules.streams == ["nodejs": "20"])
        let text = try #require(modules.file?.utf8Text)
        #expect(text.hasPrefix("---\ndocument: modulemd\nversion: 2\ndata:\n  name: nodejs\n  stream: \"20\"\n"))
        let end = "---\ndocument: modulemd-defaults\nversion: 1\ndata:\n  module: \"nodejs\"\n  stream: \"20\"\n...\n"
        #expect(text.hasSuffix(end))
        #expect(!text.contains("18"))
        #expect(text.split(separator: "\n").count { $0 == "document: modulemd" } == 1)
        var others = MirrorModules(packages: ["bash-0:5-1.x86_64"])
        try others.add(Array(Self.modules.utf8), source: "one")
        #expect(others.file == nil)
    }

    @Test(arguments: ["---\ndocument: [\n", "---\nname: x\n", "---\ndocument: modulemd\ndata: {name: x}\n"])
    func otherYAMLIsRefused(text: String) {
        var filter = MirrorModules(packages: ["x"])
        #expect(throws: RepodataError.self) { try filter.add(Array(text.utf8), source: "modules") }
    }
}
