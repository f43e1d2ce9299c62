import ContentStore
import Primitives
import SystemPackage
import Testing

@Suite struct FileTreeTests {
    static let oddNames = [
        "plain", " leading", "trailing ", "two  spaces", "new\nline", "\n", "tab\t", "ünïcödé", "e\u{301}", "日本語", "🦊",
        "-rf", "..a", "a..",
        "...", "\r\n", "\u{301}accent", "%20", "l 3 abc x", "f", "quote\"'\\", ".hidden", "a:b*?",
    ]

    static func node(_ random: inout some RandomNumberGenerator) -> FileTree.Node {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: .emptyFolder
        case 1:
            .link(target: ["../x", "/abs olute", " x", "a\nb", "日 本", "\u{301}"].randomElement(using: &random) ?? "x")
        default:
            .file(
                Blob(
                    Digest(of: [UInt8.random(in: 0...255, using: &random)]),
                    size: ByteCount(Int64.random(in: 0...(1 << 40), using: &random))),
                isExecutable: Bool.random(using: &random))
        }
    }

    @Test(arguments: UInt64(1)...40)
    func isTheSameAfterBeingWrittenAndRead(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var tree = FileTree()
        for _ in 0..<30 {
            let depth = Int.random(in: 1...4, using: &random)
            let path = (0..<depth).map { _ in Self.oddNames.randomElement(using: &random) ?? "x" }.joined(
                separator: "/")
            try tree.set(Self.node(&random), at: path)
        }
        let read = try FileTree(serialized: tree.serialized)
        #expect(read == tree)
        #expect(read.serialized == tree.serialized && read.blob == tree.blob)
    }

    @Test func digestDoesNotDependOnTheOrderOfInsertion() throws {
        let nodes = Self.oddNames.map { ($0, FileTree.Node.link(target: $0)) }
        var forward = FileTree()
        var backward = FileTree()
        for (path, node) in nodes { try forward.set(node, at: path) }
        for (path, node) in nodes.reversed() { try backward.set(node, at: path) }
        #expect(forward.blob == backward.blob)
    }

    @Test func digestsAreWhatTheyWere() throws {
        let tree = try FileTree([
            "bin/run": .file(Blob(of: Array("abc".utf8)), isExecutable: true),
            "etc/motd": .file(Blob(of: [])), "lib": .link(target: "usr/lib"),
            "tmp": .emptyFolder,
        ])
        // Whoever changes these bytes invalidates every store there is: change the version in them too.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        let expected = "tree 1\0x \(abc) 3 bin/run\0f \(empty) 0 etc/motd\0l 7 usr/lib lib\0d tmp\0"
        #expect(String(decoding: tree.serialized, as: UTF8.self) == expected)
        #expect(tree.size == ByteCount(3) && tree.blobs.count == 2)
    }

    @Test(arguments: [
        "", "/", "/etc", "..", "../x", "a/../b", "a/..", "a//b", "a/", "./a", "a/.", "a\0b", "..//x", "../\u{301}x",
        "a/../\u{301}x",
    ])
    func refusesPathsThatLeaveTheTree(path: String) {
        #expect(throws: TreeError.self) { try FileTree([path: .emptyFolder]) }
    }

    @Test(arguments: ["", "a\0b"])
    func refusesLinksThatCannotBe(target: String) {
        #expect(throws: TreeError.self) { try FileTree(["link": .link(target: target)]) }
    }

    @Test func refusesTwoNamesThatTextCannotTellApart() throws {
        var tree = try FileTree(["caf\u{E9}": .emptyFolder])
        #expect(throws: TreeError.self) { try tree.set(.link(target: "x"), at: "cafe\u{301}") }
        try tree.set(.link(target: "x"), at: "caf\u{E9}")
    }

    @Test(arguments: [
        "", "tree 1", "tree 2\0", "tree 1\0d x", "tree 1\0z x\0", "tree 1\0d ../x\0", "tree 1\0f abc 3 x\0",
        "tree 1\0l 99 a b\0",
        "tree 1\0l -1 a b\0", "tree 1\0l 9223372036854775807 a b\0", "tree 1\0\0", "tree 1\0l 1 a\0",
        "tree 1\0l 1 a \0",
    ])
    func refusesBytesThatAreNoTree(text: String) {
        #expect(throws: TreeError.self) { try FileTree(serialized: Array(text.utf8)) }
    }

    @Test(arguments: UInt64(1)...20)
    func damagedBytesNeverTrap(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var tree = FileTree()
        for name in Self.oddNames { try tree.set(Self.node(&random), at: name) }
        for _ in 0..<50 {
            var bytes = tree.serialized
            bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            bytes.removeLast(Int.random(in: 0...3, using: &random))
            if let read = try? FileTree(serialized: bytes) { #expect(!read.paths.contains { $0.isEmpty }) }
        }
    }

    @Test func aTreeIsPutBelowAFolderOfAnother() throws {
        var tree = try FileTree(["a": .emptyFolder])
        try tree.merge(try FileTree(["b/c": .link(target: "x")]), at: "sub/folder")
        #expect(tree.paths == ["a", "sub/folder/b/c"])
        #expect(throws: TreeError.self) { try tree.merge(try FileTree(["b": .emptyFolder]), at: "..") }
    }
}
