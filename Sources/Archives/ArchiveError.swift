package import Primitives
package import SystemPackage

/// Something wrong with a compressed file, a package or an archive: which, and what.
package struct ArchiveError: UserError, Equatable {
    /// What is wrong; each has a sentence of its own.
    package enum Reason: Sendable, Equatable {
        /// It ends in the middle.
        case truncated
        /// Its bytes are not what the format allows; in words of the library that found it.
        case corrupt(String)
        /// Unpacked it is larger than the caller allowed.
        case overLimit(ByteCount)
        /// It is no binary package in the sense of deb(5); what is missing or odd.
        case notAPackage(String)
        /// A member's name or link target leads out of the archive's root, or can't be a name at all.
        case unsafeName(String)
        /// A member can't take the place that another one, of `other`, has already.
        case clash(path: String, other: String)
        /// A member of a kind that can't be carried over.
        case unsupported(String)
        /// The library could not be set up, for want of memory as a rule.
        case library(String)
        /// The file could not be read or written.
        case file(String, Errno)
        /// The task that asked for it was cancelled.
        case cancelled
    }

    /// The file concerned, as the user knows it.
    package let name: String
    /// What is wrong with it.
    package let reason: Reason

    package init(_ name: String, _ reason: Reason) {
        self.name = name
        self.reason = reason
    }

    package var what: String {
        switch reason {
        case .truncated: "\(name) is cut off: it ends in the middle"
        case .corrupt(let detail): "\(name) is damaged: \(detail)"
        case .overLimit(let limit): "\(name) unpacks to more than \(limit), which is the limit for it"
        case .notAPackage(let detail): "\(name) is no Debian package: \(detail)"
        case .unsafeName(let member): "\(name) contains a name or link that leads out of it: \(member)"
        case .clash(let path, let other): "\(name) contains \(path), which is something else in \(other)"
        case .unsupported(let detail): "\(name) contains what can't be unpacked: \(detail)"
        case .library(let detail): "cannot unpack or pack \(name): \(detail)"
        case .file(let operation, let errno): "cannot \(operation) \(name): \(errno)"
        case .cancelled: "the work on \(name) was cancelled"
        }
    }

    package var hint: String? {
        switch reason {
        case .truncated, .corrupt:
            "copy or fetch it again if you did so by hand; what a build fetches has the digest that its archive states, and is so there"
        case .file(_, .noSpace): "free some space, then build again"
        default: nil
        }
    }
}
