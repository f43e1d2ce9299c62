import Testing

@testable import APT

@Suite struct DebianArchitectureTests {
    /// Every name that dpkg has, and no others; dpkg-architecture is the judge.
    @Test(.tags(.judge), .enabled(if: has("dpkg-architecture"))) func namesAreThoseOfDpkg() throws {
        let names = try shell("dpkg-architecture -L").split(separator: "\n").map(String.init)
        #expect(names.count > 300)
        for name in names { #expect(DebianArchitecture(name)?.isWildcard == false, "\(name)") }
        for name in [
            "x86_64", "amd46", "", "-", "linux", "amd64-linux", "all", "source", "linux-amd64", "any-amd46",
            "a-b-c-any-any",
        ] {
            #expect(DebianArchitecture(name) == nil, "\(name)")
        }
    }

    @Test(.tags(.judge), .enabled(if: has("dpkg-architecture"))) func wildcardsMatchAsForDpkg() throws {
        let names = [
            "amd64", "armhf", "arm64", "x32", "i386", "kfreebsd-amd64", "musl-linux-amd64", "hurd-i386", "mips64el",
        ]
        let wildcards = [
            "any", "linux-any", "any-amd64", "any-arm", "gnu-any-any", "gnu-linux-any", "eabihf-any-any-any",
            "kfreebsd-any",
            "any-any-amd64", "musl-any-any", "bsd-any-any", "x32-gnu-linux-any", "amd64", "any-i386",
        ]
        for name in names {
            let architecture = try #require(DebianArchitecture(name))
            for wildcard in wildcards {
                let isOne = try shell("dpkg-architecture -a\(name) -i\(wildcard) 2>&1 && echo yes || true") == "yes\n"
                #expect(
                    try #require(DebianArchitecture(wildcard)).matches(architecture) == isOne, "\(name) \(wildcard)")
            }
        }
    }
}
