import Primitives
package import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// The disks of this machine, by what sysfs and /proc say of them. Nothing is opened, and nothing is written.
package struct BlockDevices: Sendable {
    private let sys: FilePath
    private let proc: FilePath
    private let dev: FilePath

    /// Other folders are for tests.
    package init(sys: FilePath = "/sys", proc: FilePath = "/proc", dev: FilePath = "/dev") {
        self.sys = sys
        self.proc = proc
        self.dev = dev
    }

    /// The whole disk at `path`; a link that leads there is followed (/dev/disk/by-id/…).
    ///
    /// Throws `BurnRefusal` where there is none, or a part of one; `FileError` where sysfs can't be read.
    package func disk(at path: FilePath) throws -> BlockDevice {
        var status = stat()
        guard path.withPlatformString({ stat($0, &status) }) == 0 else {
            let code = Errno(rawValue: Glibc.errno)
            guard code == .noSuchFileOrDirectory || code == .notDirectory else {
                throw FileError("look at", path, code)
            }
            throw BurnRefusal.nothing(path, others: removable())
        }
        let sort: String
        switch status.st_mode & S_IFMT {
        case S_IFBLK: return try disk(number: Self.number(status.st_rdev), at: path)
        case S_IFREG: sort = "a file"
        case S_IFDIR: sort = "a folder"
        default: sort = "no block device"
        }
        throw BurnRefusal.noDisk(path, sort: sort, others: removable())
    }

    /// "8:16". How glibc packs both into 64 bits (sys/sysmacros.h, macros).
    private static func number(_ device: dev_t) -> String {
        let major = device >> 8 & 0xFFF | device >> 32 & ~0xFFF
        let minor = device & 0xFF | device >> 12 & ~0xFF
        return "\(major):\(minor & 0xFFFF_FFFF)"
    }

    /// The disk with the number "8:16". Throws as `disk(at:)` does.
    func disk(number: String, at path: FilePath) throws -> BlockDevice {
        let link = sys.pushing("dev/block").appending(number)
        guard let folder = Files.realPath(link), let name = folder.lastComponent?.string else {
            throw BurnRefusal.noDisk(path, sort: "a device that the kernel does not know", others: removable())
        }
        if Files.exists(folder.appending("partition")) {
            throw BurnRefusal.partition(path, of: folder.removingLastComponent().lastComponent?.string ?? name)
        }
        return try device(name, in: folder)
    }

    /// The sticks and cards that are there, and could be written.
    package func removable() -> [BlockDevice] {
        let names = (try? Files.list(sys.appending("block"))) ?? []
        return names.compactMap { name in
            guard let folder = Files.realPath(sys.appending("block").appending(name)),
                let device = try? device(name, in: folder), case .removable = device.kind,
                device.size > .zero, device.uses.isEmpty
            else { return nil }
            return device
        }
    }

    private func device(_ name: String, in folder: FilePath) throws -> BlockDevice {
        let partitions = try Files.list(folder).filter { Files.exists(folder.appending($0).appending("partition")) }
        let sectors = Int64(text(folder.appending("size")) ?? "") ?? 0
        return BlockDevice(
            name: name, path: dev.appending(name), kind: kind(name, folder), model: model(folder),
            // Sectors of 512 bytes, whatever the blocks of the device are (Documentation/ABI/stable/sysfs-block).
            size: ByteCount(sectors * 512),
            blockSize: text(folder.pushing("queue/logical_block_size")).flatMap(Int.init) ?? 512,
            isReadOnly: text(folder.appending("ro")) == "1", sequence: text(folder.appending("diskseq")),
            partitions: partitions,
            uses: try uses(of: [name] + partitions))
    }

    private func kind(_ name: String, _ folder: FilePath) -> BlockDevice.Kind {
        let major = text(folder.appending("dev"))?.split(separator: ":").first
        if major == "7" { return .loop(file: text(folder.pushing("loop/backing_file"))) }
        let device = folder.appending("device")
        guard Files.exists(device) else { return .virtual }
        // A SCSI peripheral type of 5: a drive for CDs (SPC-4, 6.4.2). Cards say what they are in words.
        if major == "11" || text(device.appending("type")) == "5" { return .optical }
        if text(folder.appending("removable")) == "1" { return .removable(why: "removable") }
        // Many disks in USB cases, and some sticks, say that their medium can't be taken out: the disk itself can.
        let isOnUSB = folder.components.contains {
            $0.string.hasPrefix("usb") && $0.string.dropFirst(3).allSatisfy(\.isNumber)
        }
        if isOnUSB { return .removable(why: "attached by USB") }
        if text(device.appending("type")) == "SD" { return .removable(why: "an SD card") }
        return .fixed
    }

    private func model(_ folder: FilePath) -> String? {
        let device = folder.appending("device")
        // A number stands where a bus has no names for those who make devices.
        let vendor = text(device.appending("vendor")).flatMap { $0.hasPrefix("0x") || $0 == "ATA" ? nil : $0 }
        let words = [vendor, text(device.appending("model")) ?? text(device.appending("name"))].compactMap { $0 }
        return words.isEmpty ? nil : words.joined(separator: " ")
    }

    /// What uses the devices with these names, or what is made of them.
    private func uses(of names: [String]) throws -> [BlockDevice.Use] {
        let swaps = try swaps()
        let mounts = try Proc(proc).mounts().map { (number: $0.number, place: $0.place, device: deviceName($0.source)) }
        var uses: [BlockDevice.Use] = []
        func look(at name: String, for part: String, isMadeOf holders: [String]) throws {
            let folder = sys.pushing("class/block").appending(name)
            let number = text(folder.appending("dev"))
            for mount in mounts where mount.number == number || mount.device == name {
                let place = mount.place == "/" ? "mounted at /: this system runs from it" : "mounted at \(mount.place)"
                uses.append(
                    .init(part: part, how: place, remedy: mount.place == "/" ? nil : "umount \(mount.place)"))
            }
            if swaps.contains(name) {
                uses.append(.init(part: part, how: "swap space", remedy: "swapoff /dev/\(name)"))
            }
            let list = folder.appending("holders")
            for holder in Files.exists(list) ? try Files.list(list) : [] where !holders.contains(holder) {
                uses.append(.init(part: part, how: "part of \(title(holder))", remedy: nil))
                try look(at: holder, for: part, isMadeOf: holders + [holder])
            }
        }
        for name in names { try look(at: name, for: name, isMadeOf: []) }
        return uses
    }

    /// "the LVM volume vg-root (dm-0)"
    private func title(_ name: String) -> String {
        let folder = sys.pushing("class/block").appending(name)
        if Files.exists(folder.appending("md")) { return "the RAID array \(name)" }
        guard let label = text(folder.pushing("dm/name")) else { return name }
        let uuid = text(folder.pushing("dm/uuid")) ?? ""
        let sort = uuid.hasPrefix("LVM-") ? "LVM volume" : uuid.hasPrefix("CRYPT-") ? "encrypted volume" : "device"
        return "the \(sort) \(label) (\(name))"
    }

    private func swaps() throws -> Set<String> {
        Set(
            try lines(proc.appending("swaps")).dropFirst().compactMap { line in
                line.split(separator: " ").first.map { deviceName(Proc.unescaped($0)) }
            })
    }

    /// The kernel's name of the device at `path`: of /dev/mapper/vg-root "dm-0"; empty where it is none of /dev.
    private func deviceName(_ path: String) -> String {
        guard path.hasPrefix("/dev/") else { return "" }
        let place = dev.pushing(FilePath(String(path.dropFirst(5))))
        return (Files.realPath(place) ?? place).lastComponent?.string ?? ""
    }

    private func lines(_ path: FilePath) throws -> [Substring] { try Files.readText(path).split(separator: "\n") }

    /// The text of a small file, without blanks around it; nil where there is none, or nothing in it.
    private func text(_ path: FilePath) -> String? {
        guard let bytes = try? Files.readText(path) else { return nil }
        let text = bytes.drop { $0.isWhitespace || $0 == "\0" }
        let end = text.lastIndex { !$0.isWhitespace && $0 != "\0" }
        return end.map { String(text[...$0]) }
    }
}
