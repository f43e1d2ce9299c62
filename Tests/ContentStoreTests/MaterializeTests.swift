import Primitives
import SystemPackage
import Testing

@testable import ContentStore

#if canImport(Glibc)
import Glibc
#endif

@Suite struct MaterializeTests {
    let folder: StoreFolder
    var store: ContentStore { folder.store }

    init() throws { folder = try StoreFolder() }

    private func makeTree() async throws -> FileTree {
        let text = try await store.insert(Array("text".utf8))
        let script = try await store.insert(Array("#!/bin/sh\n".utf8))
        return try FileTree([
            "etc/motd": .file(text),
            "deep/er/copy": .file(text),
            "bin/run": .file(script, isExecutable: true), "lib": .link(target: "usr/lib"),
            "dangling link": .link(target: "/no where"), "var/empty": .emptyFolder,
            "new\nline": .file(text),
        ])
    }

    @Test func plainFilesAreReadOnlyLinksIntoTheStore() async throws {
        let place = folder.root.appending("out")
        try await store.materialize(try await makeTree(), at: place)
        let blob = try FileStatus(at: store.path(of: Digest(of: "text".utf8)))
        let file = try FileStatus(at: place.pushing("etc/motd"))
        #expect(file?.inode == blob?.inode && file?.permissions == 0o444)
    }

    @Test func executablesAreCopiesWithTheBitAndTheBlobStaysPlain() async throws {
        let place = folder.root.appending("out")
        try await store.materialize(try await makeTree(), at: place)
        let blob = try FileStatus(at: store.path(of: Digest(of: "#!/bin/sh\n".utf8)))
        let file = try FileStatus(at: place.pushing("bin/run"))
        #expect(file?.inode != blob?.inode)
        #expect(file?.permissions == 0o555 && blob?.permissions == 0o444)
    }

    @Test func linksAndEmptyFoldersAreMade() async throws {
        let place = folder.root.appending("out")
        try await store.materialize(try await makeTree(), at: place)
        #expect(try Files.readLink(place.appending("dangling link")) == "/no where")
        #expect(try Files.list(place.pushing("var/empty")).isEmpty)
    }

    @Test func comesBackAsTheSameTree() async throws {
        let tree = try await makeTree()
        let place = folder.root.appending("out")
        try await store.materialize(tree, at: place)
        #expect(try FileTree(scanning: place, cache: StatCache(file: folder.root.appending("cache"))) == tree)
        #expect(try await store.insert(folder: place) == tree)
        #expect(try FileTree(serialized: await store.bytes(of: tree.blob)) == tree)
        let fresh = try ContentStore(root: store.root)
        #expect(try await fresh.fetch(tree.blobs.union([tree.blob])).isEmpty)
    }

    @Test func nothingIsWrittenThroughALinkOfTheTree() async throws {
        let text = try await store.insert(Array("text".utf8))
        let outside = folder.root.appending("outside")
        try Files.createDirectory(outside)
        let tree = try FileTree([
            "a/l": .link(target: outside.string), "a/l/x": .file(text),
        ])
        await #expect(throws: TreeError.self) { try await store.materialize(tree, at: folder.root.appending("out")) }
        #expect(try Files.list(outside).isEmpty)
    }

    @Test func socketsDevicesAndPipesAreRefusedByName() async throws {
        let place = folder.root.appending("out")
        try Files.createDirectory(place)
        #expect(mkfifo(place.appending("pipe").string, 0o600) == 0)
        let error = await #expect(throws: TreeError.self) { try await store.insert(folder: place) }
        #expect(error?.what.contains("pipe") == true)
        #expect(throws: TreeError.self) {
            try FileTree(scanning: place, cache: StatCache(file: folder.root.appending("cache")))
        }
    }

    @Test func aNameThatIsNoTextIsAnErrorAndNotAFileLess() async throws {
        let place = folder.root.appending("out")
        try Files.createDirectory(place)
        let raw = Array((place.string + "/odd").utf8CString.dropLast()) + [CChar(bitPattern: 0xFF), 0]
        close(open(raw, O_CREAT | O_WRONLY, 0o600))
        await #expect(throws: FileError.self) { try await store.insert(folder: place) }
    }

    @Test func anyExecutableBitMakesAnExecutable() async throws {
        let path = try folder.file("out/run", "x")
        _ = path.withPlatformString { chmod($0, 0o654) }
        let tree = try await store.insert(folder: folder.root.appending("out"))
        guard case .file(_, isExecutable: true) = tree.nodes["run"] else {
            Issue.record("the bit was lost")
            return
        }
    }
}
