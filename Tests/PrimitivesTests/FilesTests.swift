import Primitives
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite final class FilesTests {
    let root: FilePath

    init() throws {
        var template = Array("/tmp/files.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw FileError("make", "/tmp/files", Errno(rawValue: errno)) }
        root = FilePath(platformString: template)
    }

    deinit { try? Files.remove(root) }

    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 1_000_000])
    func whatIsWrittenIsRead(size: Int) throws {
        let path = root.appending("file")
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try Files.write(bytes, to: path)
        #expect(try Files.read(path) == bytes)
        #expect(try Files.digest(path) == (Digest(of: bytes), Int64(size)))
        #expect(try Files.list(root) == ["file"], "nothing is left beside it")
    }

    /// Opening a pipe waits for whoever writes into it, for ever where nobody does; a device may have no end.
    @Test(.timeLimit(.minutes(1))) func whatIsNoFileIsRefusedAtOnce() throws {
        let pipe = root.appending("pipe")
        #expect(pipe.withPlatformString { mkfifo($0, 0o600) } == 0)
        for path in [pipe, "/dev/zero"] {
            let error = #expect(throws: FileError.self) { try Files.read(path) }
            #expect(error?.what == "cannot read \(path): it is no plain file, but a pipe, a socket or a device")
            #expect(throws: FileError.self) { try Files.digest(path) }
        }
        // What stands for an empty configuration is one.
        #expect(try Files.read("/dev/null").isEmpty)
    }

    /// Its size may be beyond all numbers: reading it trapped.
    @Test func aFolderIsNoFileToRead() {
        let error = #expect(throws: FileError.self) { try Files.read(root) }
        #expect(error?.errno == .isDirectory)
        #expect(throws: FileError.self) { try Files.read("/proc/self") }
        #expect((try? Files.read("/proc/self/status"))?.isEmpty == false, "what says it is empty, and is not")
    }

    @Test func manyTasksWriteOneFileAtOnceAndOneOfThemWins() async throws {
        let path = root.appending("file")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<32 {
                group.addTask { try Files.write([UInt8](repeating: UInt8(number), count: 50_000), to: path) }
            }
            try await group.waitForAll()
        }
        let bytes = try Files.read(path)
        #expect(bytes.count == 50_000 && Set(bytes).count == 1)
        #expect(try Files.list(root) == ["file"])
    }

    @Test func aFailedWriteLeavesTheOldFile() throws {
        let path = root.appending("file")
        try Files.write("old".utf8, to: path)
        #expect(throws: FileError.self) { try Files.write("new".utf8, to: path.appending("below")) }
        #expect(try Files.readText(path) == "old")
    }

    @Test func namesAreListedInTheOrderOfTheirBytes() throws {
        for name in ["b", "B", "a b", "ä", "10", "9"] { try Files.write([], to: root.appending(name)) }
        #expect(try Files.list(root) == ["10", "9", "B", "a b", "b", "ä"])
    }

    @Test func aNameThatIsNoTextIsAnErrorToListAndNoneToRemove() throws {
        let folder = root.appending("folder")
        try Files.createDirectory(folder)
        let raw = Array("\(folder)/odd".utf8CString.dropLast()) + [CChar(bitPattern: 0xFF), 0]
        close(open(raw, O_CREAT | O_WRONLY, 0o600))
        #expect(throws: FileError.self) { try Files.list(folder) }
        try Files.remove(folder)
        #expect(!Files.exists(folder))
    }

    @Test func removingTakesWhatIsInsideAndNotWhatLinksLeadTo() throws {
        let kept = root.appending("kept")
        try Files.write("x".utf8, to: kept)
        let folder = root.appending("folder")
        try Files.createDirectory(folder.pushing("a/b/c"))
        #expect(symlink(root.string, folder.pushing("a/up").string) == 0)
        _ = folder.pushing("a/b").withPlatformString { chmod($0, 0) }
        try Files.remove(folder)
        try Files.remove(folder)
        #expect(!Files.exists(folder) && Files.exists(kept))
    }

    @Test func anErrorNamesTheFileAndAFullDiskSaysWhatToDo() {
        let path = root.appending("none")
        let error = #expect(throws: FileError.self) { try Files.read(path) }
        #expect(error?.what == "cannot read \(path): No such file or directory" && error?.hint == nil)
        #expect(FileError("write", path, .noSpace).hint == "the disk is full: free some space where \(root) is")
    }
}

@Suite struct JSONTests {
    @Test(arguments: [
        (JSON.number(3), "3"), (.number(-0.5), "-0.5"), (.number(.nan), "null"), (.number(-.infinity), "null"),
        (.number(0.25), "0.25"),
        (.string("a\"\\\n\u{1}é"), #""a\"\\\n\u0001é""#), (.array([]), "[]"),
        (.object([("k", .bool(true))]), #"{"k":true}"#),
    ])
    func isWrittenAsTheStandardSays(value: JSON, text: String) { #expect(value.text == text) }
}
