import Primitives
import SystemPackage
import Testing

@testable import Installation

#if canImport(Glibc)
private import Glibc
#endif

@Suite("Disks, as sysfs tells of them")
struct BlockDevicesTests {
    private let folder: PrivateFolder
    private var root: FilePath { folder.path }
    private var devices: BlockDevices {
        BlockDevices(sys: root.appending("sys"), proc: root.appending("proc"), dev: root.appending("dev"))
    }

    init() throws {
        folder = try PrivateFolder()
        try write("proc/self/mountinfo", "")
        try write("proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n")
        try Files.createDirectory(root.pushing("dev"))
    }

    private func write(_ path: String, _ text: String) throws {
        let file = root.pushing(FilePath(path))
        try Files.createDirectory(file.removingLastComponent())
        try Files.write(text.utf8, to: file)
    }

    /// A disk as the kernel shows one, with links to it; `place` is where its hardware is.
    private func add(
        _ name: String, _ number: String, at place: String, removable: Bool = false, sectors: Int = 62_333_952,
        partitions: Int = 0, files: [String: String] = [:]
    ) throws {
        let folder = "sys/devices/\(place)/block/\(name)"
        var content = ["dev": number, "size": "\(sectors)", "ro": "0", "removable": removable ? "1" : "0"]
        content.merge(files) { $1 }
        for (file, text) in content { try write("\(folder)/\(file)", text + "\n") }
        try link("sys/block/\(name)", to: folder)
        try link("sys/class/block/\(name)", to: folder)
        try link("sys/dev/block/\(number)", to: folder)
        for part in 1..<(partitions + 1) {
            let minor = (Int(number.split(separator: ":")[1]) ?? 0) + part
            let major = number.split(separator: ":")[0]
            let part = "\(folder)/\(name)\(part)"
            try write("\(part)/partition", "1\n")
            try write("\(part)/dev", "\(major):\(minor)\n")
            try link("sys/class/block/\(part.split(separator: "/").last ?? "")", to: part)
            try link("sys/dev/block/\(major):\(minor)", to: part)
        }
    }

    private func link(_ path: String, to target: String) throws {
        let place = root.pushing(FilePath(path))
        try Files.createDirectory(place.removingLastComponent())
        try #require(symlink(root.pushing(FilePath(target)).string, place.string) == 0)
    }

    private func stick(_ files: [String: String] = [:], partitions: Int = 1) throws {
        try add(
            "sdb", "8:16", at: "pci0000:00/usb2/2-1/host6/6:0:0:0", removable: true, partitions: partitions,
            files: ["device/vendor": "SanDisk ", "device/model": "Ultra           ", "device/type": "0"].merging(files)
            { $1 })
    }

    private func refusal(_ number: String, force: Bool = false) throws -> BurnRefusal? {
        do {
            _ = try devices.disk(number: number, at: "/dev/x").writable(force: force, others: devices.removable())
            return nil
        } catch let refusal as BurnRefusal {
            return refusal
        }
    }

    @Test("A stick is told by its model and size, and may be written") func written() throws {
        try stick()
        let disk = try devices.disk(number: "8:16", at: "/dev/sdb")
        #expect(disk.summary == "SanDisk Ultra, 32 GB, removable")
        #expect(disk.partitions == ["sdb1"] && disk.blockSize == 512)
        #expect(try refusal("8:16") == nil)
    }

    @Test("Another stick in the same place is another one, and so is one that was mounted meanwhile") func other()
        throws
    {
        try stick(["diskseq": "7"])
        let disk = try devices.disk(number: "8:16", at: "/dev/sdb")
        #expect(try devices.disk(number: "8:16", at: "/dev/sdb").isStill(disk))
        try write("proc/self/mountinfo", "29 1 8:17 / /mnt rw - vfat /dev/sdb1 rw\n")
        #expect(try !devices.disk(number: "8:16", at: "/dev/sdb").isStill(disk))
        try write("proc/self/mountinfo", "")
        try write("sys/devices/pci0000:00/usb2/2-1/host6/6:0:0:0/block/sdb/diskseq", "9\n")
        #expect(try !devices.disk(number: "8:16", at: "/dev/sdb").isStill(disk))
    }

    @Test("A disk in a USB case and an SD card count as removable, though they say that they are not")
    func attached() throws {
        try add("sdc", "8:32", at: "pci0000:00/usb1/1-2/host7/7:0:0:0", files: ["device/model": "Portable SSD"])
        #expect(try devices.disk(number: "8:32", at: "/dev/sdc").kind == .removable(why: "attached by USB"))
        try add("mmcblk0", "179:0", at: "platform/mmc0", files: ["device/type": "SD", "device/name": "SC32G"])
        #expect(try devices.disk(number: "179:0", at: "/dev/mmcblk0").summary == "SC32G, 32 GB, an SD card")
        try add("mmcblk1", "179:8", at: "platform/mmc1", files: ["device/type": "MMC", "device/name": "HBG4a2"])
        #expect(try devices.disk(number: "179:8", at: "/dev/mmcblk1").kind == .fixed)
        #expect(devices.removable().map(\.name) == ["mmcblk0", "sdc"])
    }

    @Test("A disk of the machine is refused, with force as well, and the stick that is there is named") func fixed()
        throws
    {
        try stick()
        try add("nvme0n1", "259:0", at: "pci0000:00/nvme/nvme0", files: ["device/model": "Samsung 980"])
        let found = try #require(try refusal("259:0", force: true))
        #expect(
            found.what
                == "/dev/x (Samsung 980, 32 GB, built in) is a disk of this machine, and no stick".replacing(
                    "/dev/x", with: root.appending("dev").appending("nvme0n1").string))
        #expect(found.hint == "name the one that is there: \(root.string)/dev/sdb")
    }

    @Test("A partition is refused, and its disk named") func partition() throws {
        try stick()
        let found = try #require(try refusal("8:17"))
        #expect(found.what == "/dev/x is a part of /dev/sdb: an image goes onto the whole of it")
        #expect(found.hint == "name the disk: /dev/sdb" && found.isUsageError)
    }

    @Test("A drive for CDs, a volume made of disks and memory are no sticks") func others() throws {
        try add("sr0", "11:0", at: "pci0000:00/ata1", removable: true, files: ["device/type": "5"])
        try add("dm-0", "253:0", at: "virtual", files: ["dm/name": "vg-root"])
        try add("zram0", "254:0", at: "virtual")
        for number in ["11:0", "253:0", "254:0"] {
            guard case .notRemovable = try refusal(number, force: true) else {
                Issue.record("\(number) was taken")
                continue
            }
        }
    }

    @Test("A loop device is taken with force alone") func loop() throws {
        try add("loop3", "7:3", at: "virtual", files: ["loop/backing_file": "/tmp/a.img"])
        guard case .loopWithoutForce = try refusal("7:3") else {
            Issue.record("it was taken")
            return
        }
        #expect(try refusal("7:3", force: true) == nil)
    }

    @Test("What is read-only, and what has no medium in it, is refused") func empty() throws {
        try stick(["ro": "1"])
        guard case .readOnly = try refusal("8:16") else { return #expect(Bool(false)) }
        try add(
            "sdd", "8:48", at: "pci0000:00/usb2/2-2/host8/8:0:0:0", removable: true, sectors: 0,
            files: ["device/type": "0"])
        guard case .empty = try refusal("8:48") else { return #expect(Bool(false)) }
    }

    @Test("A mounted part, swap and a volume above it are use, each said with what ends it") func uses() throws {
        try stick(partitions: 3)
        try write(
            "proc/self/mountinfo",
            """
            29 1 8:17 / /media/my\\040stick rw,relatime shared:1 - vfat /dev/sdb1 rw
            30 1 253:0 / / rw,relatime - ext4 /dev/mapper/vg-root rw
            31 1 0:45 / /mnt rw - btrfs \(root.string.hasPrefix("/dev/") ? "" : "/dev/")sdb2 rw

            """)
        try write("proc/swaps", "Filename\tType\n/dev/sdb2 partition 1 0 -2\n")
        try add("dm-0", "253:0", at: "virtual", files: ["dm/name": "vg-root", "dm/uuid": "LVM-abc"])
        try link(
            "sys/devices/pci0000:00/usb2/2-1/host6/6:0:0:0/block/sdb/sdb3/holders/dm-0",
            to: "sys/devices/virtual/block/dm-0")
        let found = try #require(try refusal("8:16"))
        #expect(
            found.details == [
                "sdb1 is mounted at /media/my stick", "sdb2 is mounted at /mnt", "sdb2 is swap space",
                "sdb3 is part of the LVM volume vg-root (dm-0)", "sdb3 is mounted at /: this system runs from it",
            ])
        #expect(found.hint == "swapoff /dev/sdb2 && umount /media/my stick && umount /mnt")
        #expect(devices.removable().isEmpty)
    }

    @Test("A file, a folder and nothing at all are no disks, and sticks that are there are named") func paths() throws {
        try stick()
        try write("file", "x")
        for (path, sort) in [
            ("file", "is a file, and no disk"), ("sys", "is a folder, and no disk"), ("gone", "there is no device"),
        ] {
            #expect {
                try devices.disk(at: root.appending(path))
            } throws: { error in
                guard let refusal = error as? BurnRefusal else { return false }
                return refusal.what.contains(sort) && refusal.hint?.hasSuffix("dev/sdb") == true
            }
        }
    }
}
