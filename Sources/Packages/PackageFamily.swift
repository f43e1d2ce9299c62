package import APT
import RPM

/// The kind of packages that a distribution has.
package enum PackageFamily: String, CaseIterable, Hashable, Sendable {
    case apt, rpm

    /// What decides what is installed.
    package var manager: String { self == .apt ? "apt" : "dnf" }
    /// What installs it.
    package var installer: String { self == .apt ? "dpkg" : "rpm" }
    /// What becomes of a package that is really installed.
    package var installed: String { self == .apt ? "unpacked and configured" : "installed" }

    /// Whether version `a` is older than `b`, as the package manager has it.
    package func precedes(_ a: String, _ b: String) -> Bool {
        switch self {
        case .apt: DebianVersion(unchecked: a.utf8) < DebianVersion(unchecked: b.utf8)
        case .rpm: RPMVersion(a) < RPMVersion(b)
        }
    }
}

extension PackageRequest {
    /// The request that `text` spells in a distribution of `family`. In one of RPM packages, `@` makes it a group's, names have
    /// capitals, and a path, or what a package provides, "perl(Carp)", stands for itself.
    package init(_ text: String, family: PackageFamily) throws(PackageRequestError) {
        guard family == .rpm else {
            try self.init(text)
            return
        }
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), text != "@" else {
            throw PackageRequestError(request: text, problem: .syntax)
        }
        guard !text.hasPrefix("/"), !text.contains("(") else {
            self.init(name: text)
            return
        }
        var rest = Substring(text)
        func cut(_ mark: Character) throws(PackageRequestError) -> String? {
            guard let place = rest.firstIndex(of: mark) else { return nil }
            let part = rest[rest.index(after: place)...]
            rest = rest[..<place]
            guard !part.isEmpty else { throw PackageRequestError(request: text, problem: .syntax) }
            return String(part)
        }
        let version = try cut("=")
        let repository = try cut("/")
        let architecture = try cut(":")
        guard !rest.isEmpty else { throw PackageRequestError(request: text, problem: .syntax) }
        self.init(name: String(rest), architecture: architecture, version: version, suite: repository)
    }
}
