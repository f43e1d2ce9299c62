/// A user and a password for what lies below an address, as netrc(5) and apt_auth.conf(5) give them. Never part of a URL, so that
/// no message can have them.
package struct Login: Sendable, Hashable {
    /// "https" or "http".
    let scheme: String
    /// Host, with a port where one is meant, and the beginning of a path where not all of the server is.
    let place: String
    let user: String
    let password: String

    /// `machine` is `[SCHEME://]HOST[:PORT][/PATH]`; without a scheme, https is meant, as apt has it. Nil for other schemes.
    package init?(machine: String, user: String, password: String) {
        let parts = machine.split(separator: "://", maxSplits: 1).map(String.init)
        scheme = parts.count == 2 ? parts[0] : "https"
        place = parts.last ?? ""
        self.user = user
        self.password = password
        guard ["http", "https"].contains(scheme), !place.isEmpty else { return nil }
    }

    /// Whether `url` lies there, and brings no user of its own.
    func isFor(_ url: String) -> Bool {
        guard url.hasPrefix(scheme + "://") else { return false }
        let rest = url.dropFirst(scheme.count + 3)
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.contains("@") else { return false }
        guard let slash = place.firstIndex(of: "/") else {
            let host = authority.hasSuffix("]") ? authority : authority.prefix { $0 != ":" }
            return authority == place || host == place
        }
        let path = place[slash...]
        let host = authority.prefix { $0 != ":" }
        return [authority, host].contains(place[..<slash]) && rest.dropFirst(authority.count).hasPrefix(path)
    }
}
