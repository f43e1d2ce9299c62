/// The names of architectures as dpkg has them (dpkg-architecture(1), Debian Policy 11.1): `amd64`, `kfreebsd-i386`, and wildcards
/// such as `any` and `linux-any`.
package struct DebianArchitecture: Hashable, Sendable {
    /// ABI, C library, operating system and processor; "any" in wildcards.
    private let parts: [String]

    /// Nil for what dpkg does not know.
    package init?(_ name: String) {
        let words = name.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard let parts = words.contains("any") ? Self.wildcard(words) : Self.parts(words) else { return nil }
        self.parts = parts
    }

    /// Whether it stands for several.
    package var isWildcard: Bool { parts.contains("any") }

    /// Whether it is `other`, or a wildcard that `other` is one of.
    package func matches(_ other: DebianArchitecture) -> Bool {
        zip(parts, other.parts).allSatisfy { $0 == "any" || $0 == $1 }
    }

    /// Names that somebody may have meant.
    package static let common = [
        "amd64", "arm64", "armel", "armhf", "i386", "ppc64el", "riscv64", "s390x", "loong64", "mips64el", "any",
        "linux-any",
    ]

    private static func wildcard(_ words: [String]) -> [String]? {
        guard words.count <= 4 else { return nil }
        let parts = Array(repeating: "any", count: 4 - words.count) + words
        let known = [abis, libraries, systems.map(\.system), processors]
        for (part, names) in zip(parts, known) where part != "any" && !names.contains(part) { return nil }
        return parts
    }

    private static func parts(_ words: [String]) -> [String]? {
        guard let last = words.last else { return nil }
        if let special = special[words.joined(separator: "-")] { return special.split(separator: "-").map(String.init) }
        let system = words.dropLast().joined(separator: "-")
        guard processors.contains(last), let row = systems.first(where: { $0.prefix == system }) else { return nil }
        return ["base", row.library, row.system, last]
    }

    private static let abis = ["base", "eabi", "eabihf", "abi64", "abin32", "ilp32", "spe", "x32"]
    private static let libraries = ["gnu", "musl", "uclibc", "bsd", "sysv", "tos"]

    private static let processors = [
        "alpha", "amd64", "arc", "arm", "arm64", "armeb", "avr32", "hppa", "i386", "ia64", "loong64", "m32r", "m68k",
        "mips",
        "mips64", "mips64el", "mips64r6", "mips64r6el", "mipsel", "mipsr6", "mipsr6el", "nios2", "or1k", "powerpc",
        "powerpcel", "ppc64", "ppc64el", "riscv64", "s390", "s390x", "sh3", "sh3eb", "sh4", "sh4eb", "sparc", "sparc64",
        "tilegx",
    ]

    /// By what stands before the processor in a name.
    private static let systems: [(prefix: String, library: String, system: String)] = [
        ("", "gnu", "linux"), ("musl-linux", "musl", "linux"), ("uclibc-linux", "uclibc", "linux"),
        ("kfreebsd", "gnu", "kfreebsd"), ("knetbsd", "gnu", "knetbsd"), ("kopensolaris", "gnu", "kopensolaris"),
        ("hurd", "gnu", "hurd"), ("darwin", "bsd", "darwin"), ("dragonflybsd", "bsd", "dragonflybsd"),
        ("freebsd", "bsd", "freebsd"), ("netbsd", "bsd", "netbsd"), ("openbsd", "bsd", "openbsd"),
        ("aix", "sysv", "aix"), ("solaris", "sysv", "solaris"), ("uclinux", "uclibc", "uclinux"),
        ("mint", "tos", "mint"),
    ]

    /// Names that do not end in their processor's.
    private static let special = [
        "armhf": "eabihf-gnu-linux-arm", "armel": "eabi-gnu-linux-arm", "arm64ilp32": "ilp32-gnu-linux-arm64",
        "x32": "x32-gnu-linux-amd64", "powerpcspe": "spe-gnu-linux-powerpc", "mips64": "abi64-gnu-linux-mips64",
        "mips64el": "abi64-gnu-linux-mips64el", "mips64r6": "abi64-gnu-linux-mips64r6",
        "mips64r6el": "abi64-gnu-linux-mips64r6el", "mipsn32": "abin32-gnu-linux-mips64",
        "mipsn32el": "abin32-gnu-linux-mips64el", "mipsn32r6": "abin32-gnu-linux-mips64r6",
        "mipsn32r6el": "abin32-gnu-linux-mips64r6el", "musl-linux-armhf": "eabihf-musl-linux-arm",
        "musl-linux-armel": "eabi-musl-linux-arm", "uclibc-linux-armel": "eabi-uclibc-linux-arm",
        "kfreebsd-armhf": "eabihf-gnu-kfreebsd-arm", "uclinux-armel": "eabi-uclibc-uclinux-arm",
    ]
}
