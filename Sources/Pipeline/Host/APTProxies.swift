import Declaration
import Primitives

/// The proxies of apt.conf(5), in the order in which apt asks for them (apt-transport-http(1), apt-transport-https(1)): that of the
/// host, what a program says, the general one.
package struct APTProxies: Hashable, Sendable {
    /// By the full names of the settings in lower case.
    private let settings: [String: String]

    /// `settings` are all that `APTSettings` reads.
    package init(_ settings: [String: String]) {
        self.settings = settings.filter { name, value in
            !value.isEmpty && ["acquire::http::proxy", "acquire::https::proxy"].contains { name.hasPrefix($0) }
        }
    }

    /// What apt does for one address.
    package enum Choice: Hashable, Sendable {
        /// It asks the server itself.
        case direct
        case server(String)
        /// It says nothing: the environment does.
        case environment
        /// This program says, which gets the address; where it says nothing, the other choice counts.
        indirect case program(String, otherwise: Choice)
    }

    /// The choice for the server `host`, asked by https where it `isSecure`, else by http.
    package func choice(host: String, isSecure: Bool) -> Choice {
        // What is set for http counts for https, too, unless something is set for that.
        let schemes = isSecure ? ["https", "http"] : ["http"]
        func value(_ name: String) -> String? { schemes.lazy.compactMap { settings["acquire::\($0)::\(name)"] }.first }
        if let own = value("proxy::\(host.lowercased())") { return Self.choice(own) }
        let general = value("proxy").map(Self.choice) ?? .environment
        let program = schemes.lazy.compactMap { scheme in
            ["proxy-auto-detect", "proxyautodetect"].lazy.compactMap { self.settings["acquire::\(scheme)::\($0)"] }
                .first
        }.first
        return program.map { .program($0, otherwise: general) } ?? general
    }

    /// What the first line of such a program means; nil where it says nothing, or nothing that is understood.
    package static func answer(_ output: String) -> Choice? {
        let line = output.prefix { $0 != "\n" && $0 != "\r\n" }
        let word = String(line).trimmingSpace
        let isProxy = ["http://", "https://", "socks5h://"].contains { word.hasPrefix($0) }
        return word == "DIRECT" || isProxy ? choice(word) : nil
    }

    private static func choice(_ value: String) -> Choice {
        value == "DIRECT" || value == "false" ? .direct : .server(value)
    }
}
