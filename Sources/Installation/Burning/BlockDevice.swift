package import Primitives
package import SystemPackage

/// A disk of this machine, whole, as the kernel tells of it in sysfs(5).
package struct BlockDevice: Hashable, Sendable {
    /// What sort of disk it is, as far as it matters to who writes over one.
    package enum Kind: Hashable, Sendable {
        /// A stick or a card; why it counts as one: "removable", "attached by USB", "an SD card".
        case removable(why: String)
        /// A disk that stays in the machine.
        case fixed
        /// A drive for CDs.
        case optical
        /// A loop device, and the file it shows; nil where there is none.
        case loop(file: String?)
        /// Made of other disks, or of memory: LVM, md, zram.
        case virtual
    }

    /// As the kernel calls it: "sdb".
    package let name: String
    /// Its node: "/dev/sdb".
    package let path: FilePath
    /// Decides whether it may be written over.
    package let kind: Kind
    /// "SanDisk Ultra"; nil where it does not say.
    package let model: String?
    /// 0 where no medium is in it.
    package let size: ByteCount
    /// Of its logical blocks, in bytes: what is written at once, at least.
    package let blockSize: Int
    /// By a switch of its own, or by what opened it.
    package let isReadOnly: Bool
    /// The kernel's number of this disk since it was plugged in; nil of kernels before 5.15.
    package let sequence: String?
    /// The partitions that the kernel knows of: "sdb1".
    package let partitions: [String]
    /// What uses it at the moment, or a part of it.
    package let uses: [Use]

    /// One thing that must not lose the disk under its feet.
    package struct Use: Hashable, Sendable, CustomStringConvertible {
        /// The disk or the part of it that is used: "sdb1".
        package let part: String
        /// How: "mounted at /media/usb", "swap space", "part of the LVM volume vg-root (dm-0)".
        package let how: String
        /// The command that ends it, where there is one.
        package let remedy: String?

        package var description: String { "\(part) is \(how)" }
    }

    /// This disk, where it may be written over: one that can be taken out, or a loop device with `force`; nothing of it is in use.
    ///
    /// Throws `BurnRefusal`; `others` are named then, the disks that could be meant.
    package func writable(force: Bool, others: @autoclosure () -> [BlockDevice] = []) throws(BurnRefusal) -> BlockDevice
    {
        switch kind {
        case .removable: break
        case .loop:
            guard force else { throw .loopWithoutForce(self) }
        case .fixed, .optical, .virtual: throw .notRemovable(self, others: others())
        }
        guard uses.isEmpty else { throw .inUse(self) }
        guard size > .zero else { throw .empty(self) }
        guard !isReadOnly else { throw .readOnly(self) }
        return self
    }

    /// Whether this is the disk that `other` was when it was looked at, used by as little.
    package func isStill(_ other: BlockDevice) -> Bool {
        name == other.name && sequence == other.sequence && size == other.size && model == other.model
            && uses == other.uses
    }

    /// "SanDisk Ultra, 31 GB, removable".
    package var summary: String {
        let sort =
            switch kind {
            case .removable(let why): why
            case .fixed: "built in"
            case .optical: "an optical drive"
            case .loop(let file): "a loop device" + (file.map { " over \($0)" } ?? "")
            case .virtual: "made of other devices or of memory"
            }
        return ([model, "\(size)", sort] as [String?]).compactMap { $0 }.joined(separator: ", ")
    }
}

/// Why a device is not written.
package enum BurnRefusal: UserError {
    /// There is nothing at the path; the disks that could be meant.
    case nothing(FilePath, others: [BlockDevice])
    /// A file, a folder or a terminal; `sort` says which.
    case noDisk(FilePath, sort: String, others: [BlockDevice])
    case partition(FilePath, of: String)
    case notRemovable(BlockDevice, others: [BlockDevice])
    case loopWithoutForce(BlockDevice)
    case empty(BlockDevice)
    case readOnly(BlockDevice)
    case inUse(BlockDevice)
    /// Its blocks are not those that partition tables of images are made for.
    case otherBlocks(BlockDevice)
    /// It is not the one that was looked at before: it was taken out, or put to use.
    case changed(FilePath)
    /// The image is larger than the device.
    case tooSmall(BlockDevice, image: ByteCount)

    package var isUsageError: Bool { true }

    package var what: String {
        switch self {
        case .nothing(let path, _): "there is no device \(path)"
        case .noDisk(let path, let sort, _): "\(path) is \(sort), and no disk"
        case .partition(let path, let disk): "\(path) is a part of /dev/\(disk): an image goes onto the whole of it"
        case .notRemovable(let device, _):
            switch device.kind {
            case .optical: "\(device.path) is an optical drive, which can't be written as a disk"
            case .virtual: "\(device.path) is no stick: it is made of other devices or of memory"
            default: "\(device.path) (\(device.summary)) is a disk of this machine, and no stick"
            }
        case .loopWithoutForce(let device): "\(device.path) is a loop device, and no stick"
        case .empty(let device): "nothing is in \(device.path): its size is 0"
        case .readOnly(let device): "\(device.path) is read-only"
        case .inUse(let device): "\(device.path) (\(device.summary)) is in use"
        case .otherBlocks(let device):
            "\(device.path) has blocks of \(device.blockSize) bytes: no firmware would find the partition table of an image there"
        case .changed(let path): "\(path) is not what was shown any more: it was taken out or put to use meanwhile"
        case .tooSmall(let device, let image):
            "the image has \(image), and \(device.path) only \(device.size)"
        }
    }

    package var details: [String] {
        switch self {
        case .inUse(let device): device.uses.map(\.description)
        case .tooSmall(let device, let image): ["\(image.bytes) bytes, and \(device.size.bytes)"]
        case .nothing(_, let others), .noDisk(_, _, let others), .notRemovable(_, let others):
            others.map { "\($0.path)  \($0.summary)" }
        default: []
        }
    }

    package var hint: String? {
        switch self {
        case .nothing(_, let others), .noDisk(_, _, let others), .notRemovable(_, let others):
            switch others.count {
            case 0: "put a stick in; no removable disk is there now"
            case 1: "name the one that is there: \(others[0].path)"
            default: "name one of these"
            }
        case .partition(_, let disk): "name the disk: /dev/\(disk)"
        case .loopWithoutForce: "--force writes to it all the same"
        case .readOnly: "some sticks and cards have a switch for it"
        case .inUse(let device):
            device.uses.compactMap(\.remedy).isEmpty
                ? "take it out of use first"
                : Array(Set(device.uses.compactMap(\.remedy))).sorted().joined(separator: " && ")
        case .otherBlocks: "take a stick or a card; they have blocks of 512 bytes"
        case .changed: "nothing was written; look at it again"
        case .empty, .tooSmall: nil
        }
    }
}
