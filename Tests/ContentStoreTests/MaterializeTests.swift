import ContentStore
import Primitives
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite struct MaterializeTests {
    let folder: StoreFolder
    var store: ContentStore { folder.store }

    init() throws { folder = try StoreFolder() }

    private func makeTree() throws -> FileTree {
        let text = try store.insert(Array("text".utf8))
        let script = try store.insert(Array("#!/bin/sh\n".utf8))
        return try FileTree([
            "etc/motd": .file(text, size: 4, isExecutable: false),
            "deep/er/copy": .file(text, size: 4, isExecutable: false),
            "bin/run": .file(script, size: 10, isExecutable: true), "lib": .link(target: "usr/lib"),
            "dangling link": .link(target: "/no where"), "var/empty": .emptyFolder,
            "new\nline": .file(text, size: 4, isExecutable: false),
        ])
    }

    @Test func plainFilesAreReadOnlyLinksIntoTheStore() throws {
        let place = folder.root.appending("out")
        try store.materialize(try makeTree(), at: place)
        let blob = try FileStatus(at: store.path(of: Digest(of: "text".utf8)))
        let file = try FileStatus(at: place.pushing("etc/motd"))
        #expect(file?.inode == blob?.inode && file?.permissions == 0o444)
    }

    @Test func executablesAreCopiesWithTheBitAndTheBlobStaysPlain() throws {
        let place = folder.root.appending("out")
        try store.materialize(try makeTree(), at: place)
        let blob = try FileStatus(at: store.path(of: Digest(of: "#!/bin/sh\n".utf8)))
        let file = try FileStatus(at: place.pushing("bin/run"))
        #expect(file?.inode != blob?.inode)
        #expect(file?.permissions == 0o555 && blob?.permissions == 0o444)
    }

    @Test func linksAndEmptyFoldersAreMade() throws {
        let place = folder.root.appending("out")
        try store.materialize(try makeTree(), at: place)
        #expect(try Files.readLink(place.appending("dangling link")) == "/no where")
        #expect(try Files.list(place.pushing("var/empty")).isEmpty)
    }

    @Test func comesBackAsTheSameTree() throws {
        let tree = try makeTree()
        let place = folder.root.appending("out")
        try store.materialize(tree, at: place)
        #expect(try FileTree(scanning: place, cache: StatCache(file: folder.root.appending("cache"))) == tree)
        #expect(try store.ingestTree(place) == tree)
        #expect(try store.tree(tree.digest) == tree)
        let fresh = try ContentStore(root: store.root)
        #expect(tree.digests.allSatisfy(fresh.isIntact))
    }

    @Test func nothingIsWrittenThroughALinkOfTheTree() throws {
        let text = try store.insert(Array("text".utf8))
        let outside = folder.root.appending("outside")
        try Files.createDirectory(outside)
        let tree = try FileTree([
            "a/l": .link(target: outside.string), "a/l/x": .file(text, size: 4, isExecutable: false),
        ])
        #expect(throws: TreeError.self) { try store.materialize(tree, at: folder.root.appending("out")) }
        #expect(try Files.list(outside).isEmpty)
    }

    @Test func socketsDevicesAndPipesAreRefusedByName() throws {
        let place = folder.root.appending("out")
        try Files.createDirectory(place)
        #expect(mkfifo(place.appending("pipe").string, 0o600) == 0)
        let error = #expect(throws: TreeError.self) { try store.ingestTree(place) }
        #expect(error?.what.contains("pipe") == true)
        #expect(throws: TreeError.self) {
            try FileTree(scanning: place, cache: StatCache(file: folder.root.appending("cache")))
        }
    }

    @Test func aNameThatIsNoTextIsAnErrorAndNotAFileLess() throws {
        let place = folder.root.appending("out")
        try Files.createDirectory(place)
        let raw = Array((place.string + "/odd").utf8CString.dropLast()) + [CChar(bitPattern: 0xFF), 0]
        close(open(raw, O_CREAT | O_WRONLY, 0o600))
        #expect(throws: FileError.self) { try store.ingestTree(place) }
    }

    @Test func anyExecutableBitMakesAnExecutable() throws {
        let path = try folder.file("out/run", "x")
        _ = path.withPlatformString { chmod($0, 0o654) }
        let tree = try store.ingestTree(folder.root.appending("out"))
        guard case .file(_, _, isExecutable: true) = tree.nodes["run"] else {
            Issue.record("the bit was lost")
            return
        }
    }
}
