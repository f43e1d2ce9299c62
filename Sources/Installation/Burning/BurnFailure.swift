package import Primitives
package import SystemPackage

/// Why an image is not on the device, or not as it should be.
package enum BurnFailure: UserError, Hashable {
    /// The device could not be opened for this alone.
    case notOpened(FilePath, Errno)
    /// The device went away, or its medium did, while it was written or read.
    case gone(FilePath, String)
    /// The device refuses; nil for the place where it is not known.
    case failed(FilePath, String, Errno, at: Int64?)
    /// What is read is not what was written; the first byte that differs, nil where a second reading found none.
    case differs(FilePath, at: Int64?)
    /// The image has another digest than the file beside it says.
    case imageDamaged(FilePath, Digest, expected: Digest)
    /// The image's file could not be read, or was changed meanwhile.
    case imageUnreadable(FilePath, Errno)
    /// Somebody stopped it; nil: before anything was written.
    case interrupted(FilePath, during: BurnProgress.Phase?)

    package var what: String {
        switch self {
        case .notOpened(let path, .resourceBusy): "\(path) is in use by something that the kernel does not name"
        case .notOpened(let path, let errno): "cannot open \(path): \(errno)"
        case .gone(let path, let operation): "\(path) went away while it was \(Self.past(operation))"
        case .failed(let path, let operation, let errno, let offset):
            "cannot \(operation) \(path)\(offset.map { " at byte \($0)" } ?? ""): \(errno)"
        case .differs(let path, let offset?):
            "\(path) does not hold what was written: byte \(offset) is the first that differs"
        case .differs(let path, nil): "\(path) does not hold what was written, and reads differently each time"
        case .imageDamaged(let path, _, _): "\(path) is not what its checksum file says"
        case .imageUnreadable(let path, let errno): "cannot read \(path): \(errno)"
        case .interrupted(let path, nil): "interrupted: \(path) was left as it is"
        case .interrupted(let path, .writing): "interrupted: \(path) is not bootable now, and what was on it is gone"
        case .interrupted(let path, .reading):
            "interrupted: the image is on \(path), but it was not read back to its end"
        }
    }

    private static func past(_ operation: String) -> String { operation == "read" ? "read back" : "written" }

    package var details: [String] {
        switch self {
        case .imageDamaged(_, let digest, let expected): ["sha256 \(digest.hex)", "and not \(expected.hex)"]
        default: []
        }
    }

    package var hint: String? {
        switch self {
        case .notOpened(_, .resourceBusy): "a ZFS pool (zpool export), or another program that writes it"
        case .notOpened(_, .permissionDenied): "run it as root: sudo deploy burn …"
        case .notOpened: nil
        case .gone: "it is not bootable now: put it in again and burn it again"
        case .failed, .differs: "it is not to be relied on: take another one"
        case .imageDamaged: "the device was not finished, and is not bootable: copy or build the image again"
        case .imageUnreadable: "the device was not finished, and is not bootable"
        case .interrupted(_, let phase): phase == nil ? nil : "burn it again"
        }
    }
}
