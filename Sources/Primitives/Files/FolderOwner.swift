#if canImport(Glibc)
private import Glibc
#endif

/// Whether others than this user could have put something into a folder, or could yet.
package enum FolderOwner: Hashable, Sendable {
    case trusted
    /// Somebody who is neither this user nor root, and did not become root by sudo.
    case somebodyElse(UInt32)
    /// Every user may write there.
    case everybody
    /// The users of a group may, which is not this user's own.
    case group(UInt32)

    /// Whose the folder with this status is. `sudoUser` is the value of SUDO_UID.
    package init(of status: FileStatus, sudoUser: String?) {
        let user = geteuid()
        let isTrusted =
            [user, 0].contains(status.owner) || (user == 0 && sudoUser.flatMap(UInt32.init) == status.owner)
        switch status.permissions {
        case _ where !isTrusted: self = .somebodyElse(status.owner)
        case let mode where mode & 0o002 != 0: self = .everybody
        case let mode where mode & 0o020 != 0 && ![getegid(), 0].contains(status.group): self = .group(status.group)
        default: self = .trusted
        }
    }

    /// "belongs to the user 1000"; nil where nothing is to be said.
    package var problem: String? {
        switch self {
        case .trusted: nil
        case .somebodyElse(let user): "belongs to somebody else (user \(user))"
        case .everybody: "can be written to by every user of this machine"
        case .group(let group): "can be written to by the group \(group)"
        }
    }
}
