import Packages
import Primitives

/// The name of a package in the whole world (https://github.com/package-url/purl-spec, PURL-TYPES: deb, rpm).
struct PackageURL: Hashable {
    let family: PackageFamily
    /// As the declaration calls it: "debian".
    let distribution: String
    let name: String
    /// As its package manager spells it.
    let version: String
    let architecture: String
    /// "trixie", "fedora-41"; it is left out where nobody says.
    var release: String?

    /// "pkg:deb/debian/bash@5.2.37-2%2Bb5?arch=amd64&distro=trixie". Of RPM packages the epoch is a qualifier.
    var text: String {
        var version = version
        var qualifiers = ["arch=\(architecture)"]
        if let release { qualifiers.append("distro=\(Self.encoded(release))") }
        if family == .rpm, let colon = version.firstIndex(of: ":") {
            if version[..<colon] != "0" { qualifiers.append("epoch=\(version[..<colon])") }
            version = String(version[version.index(after: colon)...])
        }
        let type = family == .rpm ? "rpm" : "deb"
        return "pkg:\(type)/\(Self.encoded(distribution))/\(Self.encoded(name))@\(Self.encoded(version))?"
            + qualifiers.joined(separator: "&")
    }

    /// The same text without its release: what stays equal when a bill and a lock say different things of that.
    static func withoutRelease(_ text: String) -> String {
        guard let question = text.firstIndex(of: "?") else { return text }
        let kept = text[text.index(after: question)...].split(separator: "&").filter { !$0.hasPrefix("distro=") }
        return text[...question] + kept.joined(separator: "&")
    }

    /// Unreserved characters (RFC 3986, 2.3) and colons stand for themselves.
    private static func encoded(_ text: String) -> String { PercentEncoding.encode(text, where: isReserved) }

    private static func isReserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"), UInt8(ascii: ":"):
            false
        default: true
        }
    }
}
