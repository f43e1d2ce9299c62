import ContentStore
import Primitives
import Testing

@testable import RemoteCache

@Suite("A tree is the same here and on a server") struct DirectoryMessagesTests {
    static func tree() throws -> FileTree {
        let blob = Blob(of: [1, 2, 3])
        return try FileTree(
            [
                "a/b/c": .file(blob, isExecutable: true), "a/b-c": .file(blob), "a/b": .emptyFolder,
                "a.b": .link(target: "/x"),
                "z/empty": .emptyFolder, "é": .file(Blob(of: [])), "Z": .file(blob),
            ].filter { $0.key != "a/b" })
    }

    @Test func itComesBackAsItWas() throws {
        let tree = try Self.tree()
        let messages = DirectoryMessages(tree)
        #expect(try FileTree(TreeMessage(encoded: messages.tree.encoded)) == tree)
        #expect(messages.root == DigestMessage(of: messages.tree.root.encoded))
        #expect(
            Set(messages.encoded.keys.map(DigestMessage.init))
                == Set((messages.tree.children + [messages.tree.root]).map { DigestMessage(of: $0.encoded) }))
    }

    @Test func namesAreInTheOrderOfTheirBytes() throws {
        let root = DirectoryMessages(try Self.tree()).tree.root
        #expect(root.files.map(\.name) == ["Z", "é"])
        #expect(root.directories.map(\.name) == ["a", "z"])
    }

    @Test func noTreeIsTheEmptyDirectory() {
        #expect(DirectoryMessages(FileTree()).root == DigestMessage(of: []))
    }

    @Test func aTreeThatLeavesItselfIsRefused() throws {
        for name in ["..", "a/b", "", "."] {
            var message = TreeMessage()
            message.root.files = [FileNodeMessage(name, DigestMessage(of: []), isExecutable: false)]
            #expect(throws: CallFailure.self) { try FileTree(message) }
        }
        var message = TreeMessage()
        message.root.directories = [DirectoryNodeMessage("a", DigestMessage(of: [1]))]
        #expect(throws: CallFailure.self) { try FileTree(message) }
    }
}
