import Primitives
import SystemPackage
import Testing

@Suite struct MountTableTests {
    /// A /proc with this table.
    private func mounts(_ table: String, _ body: (Proc) throws -> Void) throws {
        let folder = try PrivateFolder()
        try Files.createDirectory(folder.path.appending("self"))
        try Files.write(table.utf8, to: folder.path.appending("self").appending("mountinfo"))
        try body(Proc(folder.path))
        withExtendedLifetime(folder) {}
    }

    @Test func aLineHasNumberPlaceKindAndSourceAroundOptionalFields() throws {
        let table = """
            22 1 8:17 / / rw,relatime shared:1 - ext4 /dev/sdb1 rw
            30 22 0:35 /sub /mnt/a\\040stick rw master:1 propagate_from:2 - fuse.sshfs host:/home rw
            a line of another kind

            """
        try mounts(table) { proc in
            let mounts = try proc.mounts()
            #expect(mounts.map(\.number) == ["8:17", "0:35"])
            #expect(mounts.map(\.place) == ["/", "/mnt/a stick"])
            #expect(mounts.map(\.kind) == ["ext4", "fuse.sshfs"])
            #expect(mounts.map(\.source) == ["/dev/sdb1", "host:/home"])
        }
    }

    /// The nearest folder above counts, by whole names; of two at one place, the one that hides the other.
    @Test(arguments: [
        ("/", "ext4"), ("/srv/store", "ext4"), ("/dev/shm", "tmpfs"), ("/dev/shm/a/b", "tmpfs"),
        ("/dev/shmoo", "devtmpfs"),
        ("/var/tmp/x", "xfs"),
    ])
    func aFolderIsOnWhatIsMountedNearestAboveIt(folder: String, kind: String) throws {
        let table = """
            1 0 8:1 / / rw - ext4 /dev/sda1 rw
            2 1 0:5 / /dev rw - devtmpfs udev rw
            3 2 0:6 / /dev/shm rw - tmpfs tmpfs rw
            4 1 8:2 / /var/tmp rw - ext4 /dev/sda2 rw
            5 1 8:3 / /var/tmp rw - xfs /dev/sda3 rw

            """
        try mounts(table) { proc in
            let mount = try proc.mount(holding: FilePath(folder))
            #expect(mount?.kind == kind)
        }
    }

    @Test func thisMachineKnowsWhatItsProcIs() throws {
        #expect(try Proc().mount(holding: "/proc")?.kind == "proc")
    }
}
