private import Foundation
import Testing

/// libFuzzer begins with these; here they keep the targets compiled, and right, where nothing is made up.
@Suite struct SeedTests {
    @Test("each seed passes its target", arguments: FuzzTarget.allCases)
    func passes(target: FuzzTarget) throws {
        let seeds = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../seeds/\(target.rawValue)")
        let files = try FileManager.default.contentsOfDirectory(at: seeds, includingPropertiesForKeys: nil)
        try #require(!files.isEmpty)
        for file in files { try Data(contentsOf: file).withUnsafeBytes { target.run($0) } }
    }
}
