import MadeRepository
import Primitives
import Testing

@testable import RPM

@Suite("Modules")
struct ModuleTests {
    private static func module(
        _ name: String, _ stream: String, version: Int = 1, _ artifacts: [String], requires: String? = nil
    ) -> String {
        """
        ---
        document: modulemd
        version: 2
        data:
          name: \(name)
          stream: "\(stream)"
          version: \(version)
          context: c0ffee42
          arch: x86_64
          dependencies:
          - requires: {platform: [el9]\(requires.map { ", \($0)" } ?? "")}
          artifacts:
            rpms:
        \(artifacts.map { "    - \($0)" }.joined(separator: "\n"))
        ...

        """
    }

    private static func defaults(_ name: String, _ stream: String?) -> String {
        """
        ---
        document: modulemd-defaults
        version: 1
        data:
          module: \(name)
        \(stream.map { "  stream: \"\($0)\"" } ?? "")
          profiles:
            "1": [common]
        ...

        """
    }

    private static let lines = [
        "db-1-1.x86_64", "db-2-1.module.x86_64", "db-3-1.module.x86_64", "app-1-1.x86_64 requires: db",
        "tool-1-1.x86_64 provides: db = 0.5",
    ]

    private func universe(
        _ yaml: String, enabled: [String: String] = [:], disabled: Set<String> = [], hotfix: Bool = false
    ) throws -> RPMUniverse {
        let metadata = try ModuleMetadata(reading: Array(yaml.utf8), source: "made")
        let modules = try ModuleSelection(metadata, enabled: enabled, disabled: disabled, platform: "el9")
        return RPMUniverse(
            try MadeRepository.table([(name: "made", lines: Self.lines)]),
            rules: RPMPolicy(architecture: "x86_64", repositories: ["made": .init(isModuleHotfix: hotfix)]),
            modules: modules)
    }

    private static let streams =
        module("db", "2", ["db-0:2-1.module.x86_64", "db-0:2-1.module.src"])
        + module("db", "3", ["db-0:3-1.module.x86_64"])

    @Test("hide the packages of streams that aren't active")
    func noDefault() throws {
        let universe = try universe(Self.streams + Self.defaults("db", nil))
        #expect(try universe.answer("app") == ["app-1-1.x86_64", "db-1-1.x86_64"])
    }

    @Test("bring in a default stream, which hides what else is called so")
    func withDefault() throws {
        let universe = try universe(Self.streams + Self.defaults("db", "2"))
        #expect(try universe.answer("app") == ["app-1-1.x86_64", "db-2-1.module.x86_64"])
        let hidden = #expect(throws: RPMRequestError.self) { try universe.answer("tool") }
        #expect(hidden?.problem == .hiddenByModules(streams: []))
    }

    @Test("are enabled and disabled by a declaration")
    func enabled() throws {
        let yaml = Self.streams + Self.defaults("db", "2")
        #expect(try universe(yaml, enabled: ["db": "3"]).answer("db") == ["db-3-1.module.x86_64"])
        #expect(try universe(yaml, disabled: ["db"]).answer("db") == ["db-1-1.x86_64"])
        let stream = #expect(throws: ModuleError.self) { try universe(yaml, enabled: ["db": "4"]) }
        #expect(stream?.problem == .unknownStream(known: ["2", "3"]))
        let spelled = #expect(throws: RPMRequestError.self) {
            try universe(yaml).requirements(for: RPMRequest(name: "db", architecture: "3"), label: 0)
        }
        #expect(spelled?.problem == .stream && spelled?.hint?.contains("modules: [\"db:3\"]") == true)
        let name = #expect(throws: ModuleError.self) { try universe(yaml, enabled: ["dba": "4"]) }
        #expect(name?.problem == .unknownModule(known: ["db"]))
    }

    @Test("do not hide the packages of a hotfix repository")
    func hotfix() throws {
        #expect(try universe(Self.streams, hotfix: true).answer("db") == ["db-3-1.module.x86_64"])
    }

    @Test("bring in the streams that they require, or are refused")
    func requirements() throws {
        let web = Self.module("web", "1", ["web-0:1-1.x86_64"], requires: "db: [\"3\"]")
        let universe = try universe(Self.streams + web, enabled: ["web": "1"])
        #expect(universe.modules.streams == ["web": "1", "db": "3"])
        let error = #expect(throws: ModuleError.self) {
            try self.universe(Self.streams + web, enabled: ["web": "1", "db": "2"])
        }
        #expect(error?.module == "web")
    }

    @Test("count in their latest version alone")
    func latest() throws {
        let yaml =
            Self.module("db", "2", version: 1, ["db-0:2-1.module.x86_64"])
            + Self.module("db", "2", version: 2, ["db-0:3-1.module.x86_64"])
        let universe = try universe(yaml, enabled: ["db": "2"])
        #expect(try universe.answer("db") == ["db-3-1.module.x86_64"])
    }

    @Test(
        "that can't be read are errors with their line",
        arguments: [
            ("---\ndocument: [\n", 2), ("---\ndocument: modulemd\nversion: 2\ndata:\n  stream: 1\n", 2),
            ("---\na: 1\n", 2),
            ("---\ndocument: modulemd-defaults\nversion: 1\ndata: {}\n", 2),
        ])
    func bad(yaml: String, line: Int) {
        let error = #expect(throws: MetadataError.self) {
            try ModuleMetadata(reading: Array(yaml.utf8), source: "made")
        }
        #expect(error?.line == line)
    }

    @Test("are the same when they were stored")
    func stored() throws {
        let yaml =
            Self.streams + Self.defaults("db", "2")
            + Self.module("web", "1", ["web-0:1-1.x86_64"], requires: "db: [\"3\"]")
        let metadata = try ModuleMetadata(reading: Array(yaml.utf8), source: "made")
        let bytes = metadata.storedBytes
        let copy = try #require(ModuleMetadata(stored: ByteRegion(bytes)))
        #expect(copy.storedBytes == bytes)
        #expect(copy.builds.map(\.artifacts) == metadata.builds.map(\.artifacts))
        #expect(copy.defaults.map(\.stream) == ["2"])
        for size in 0..<bytes.count { #expect(ModuleMetadata(stored: ByteRegion(Array(bytes[..<size]))) == nil) }
    }
}
