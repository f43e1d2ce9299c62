import Primitives

#if canImport(Glibc)
private import Glibc
#endif

/// A user of this machine.
struct LocalUser: Sendable {
    let name: String
    let number: UInt32
    let group: UInt32

    /// The user called `name`, as whom this process can run others.
    ///
    /// Throws `Mistake` where there is none, it is this process's own, or only root could.
    static func other(_ name: String) throws -> LocalUser {
        guard let user = found({ getpwnam_r(name, $0, $1, $2, $3) }) else {
            throw Mistake(
                "there is no user \"\(name)\" on this machine", at: nil, hint: "useradd --create-home \(name)")
        }
        guard user.number != geteuid() else {
            throw Mistake("--user names another user, and you are \(name)", at: nil)
        }
        guard geteuid() == 0 else {
            throw Mistake("only root can build as another user", at: nil, hint: "run it as root, or leave out --user")
        }
        return user
    }

    /// What the user with the number is called: "root"; "user 1001" where nobody is.
    static func name(of number: UInt32) -> String {
        found { getpwuid_r(number, $0, $1, $2, $3) }?.name ?? "user \(number)"
    }

    /// The words before a command that this user is to run (setpriv(1)).
    var words: [String] { ["setpriv", "--reuid=\(number)", "--regid=\(group)", "--init-groups", "--"] }

    private typealias Entry = UnsafeMutablePointer<passwd>

    /// What `look` finds; nil where that is nothing.
    private static func found(_ look: (Entry, UnsafeMutablePointer<CChar>, Int, UnsafeMutablePointer<Entry?>) -> CInt)
        -> LocalUser?
    {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1 << 16) { words in
            var (entry, result): (passwd, Entry?) = (passwd(), nil)
            guard let base = words.baseAddress, look(&entry, base, words.count, &result) == 0, result != nil,
                let name = entry.pw_name
            else { return nil }
            return LocalUser(name: String(cString: name), number: entry.pw_uid, group: entry.pw_gid)
        }
    }
}
