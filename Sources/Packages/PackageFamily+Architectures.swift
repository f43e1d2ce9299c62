import APT
import Primitives

extension PackageFamily {
    /// What is wrong with `name` as that of an architecture, and what may have been meant; nil where it is known. dpkg's wildcards
    /// (`linux-any`) are names only where they are allowed.
    package func problem(ofArchitecture name: String, allowsWildcards: Bool) -> (what: String, hint: String?)? {
        switch self {
        case .apt:
            if let known = DebianArchitecture(name) {
                guard known.isWildcard, !allowsWildcards else { return nil }
                return ("\"\(name)\" stands for several architectures", "name one: \(DebianArchitecture.common[0])")
            }
        case .rpm: if Self.rpmArchitectures.contains(name) { return nil }
        }
        let meant = Self.sameMachine.first { (self == .apt ? $0.rpm : $0.apt) == name }
        let other = meant.map { self == .apt ? $0.apt : $0.rpm }
        let known = self == .apt ? DebianArchitecture.common : Self.rpmArchitectures
        return (
            "\(manager) knows no architecture \"\(name)\"",
            other.map { "here it is called \($0)" } ?? NearestNames.hint(for: name, in: known)
        )
    }

    /// Whether `name`, which is known, is `architecture` or stands for it.
    package func isArchitecture(_ name: String, _ architecture: String) -> Bool {
        guard self == .apt, name != architecture else { return name == architecture }
        guard let wanted = DebianArchitecture(name), let native = DebianArchitecture(architecture) else { return false }
        return wanted.matches(native)
    }

    /// Those that systems are made for; rpm(8) has more, for single packages.
    private static let rpmArchitectures = [
        "aarch64", "armv7hl", "i386", "i686", "loongarch64", "ppc64", "ppc64le", "riscv64", "s390x", "x86_64",
    ]

    private static let sameMachine: [(apt: String, rpm: String)] = [
        ("amd64", "x86_64"), ("arm64", "aarch64"), ("armhf", "armv7hl"), ("i386", "i686"), ("loong64", "loongarch64"),
        ("ppc64el", "ppc64le"),
    ]
}
