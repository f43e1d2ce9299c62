@testable import APT

#if canImport(Glibc)
private import Glibc
#endif

/// Three versions, a line each: their order must be one, and dpkg's where dpkg takes them for versions.
enum VersionTarget {
    /// One in so many pairs is put to dpkg, which takes some milliseconds for it.
    private static let sampling = 400
    nonisolated(unsafe) private static var pairs = 0

    static func run(_ input: UnsafeRawBufferPointer) {
        let lines = input.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false).map(Array.init)
        let versions = (0..<3).map { DebianVersion(unchecked: $0 < lines.count ? lines[$0] : []) }
        for a in versions {
            require(a == a && !(a < a), "\(a) is not equal to itself")
            for b in versions {
                require([a < b, a == b, a > b].count { $0 } == 1, "\(a) and \(b) have no order")
                require((a < b) == (b > a), "\(a) and \(b) have two orders")
                require(a != b || a.hashValue == b.hashValue, "\(a) and \(b) are equal with different hashes")
                for c in versions where a <= b && b <= c { require(a <= c, "\(a), \(b), \(c) are in no order") }
            }
        }
        judge(versions[0], versions[1])
    }

    private static func judge(_ a: DebianVersion, _ b: DebianVersion) {
        guard isVersion(a), isVersion(b) else { return }
        pairs += 1
        guard pairs % sampling == 0 else { return }
        require(dpkg(a, "lt", b) == (a < b), "dpkg sees \(a) and \(b) otherwise")
        require(dpkg(a, "eq", b) == (a == b), "dpkg sees \(a) and \(b) otherwise")
    }

    private static func isVersion(_ version: DebianVersion) -> Bool {
        (try? DebianVersion(version.description)) != nil
    }

    /// Whether dpkg says that the relation holds. Ends the process where dpkg does not take one of them for a version.
    private static func dpkg(_ a: DebianVersion, _ relation: String, _ b: DebianVersion) -> Bool {
        let words = ["dpkg", "--compare-versions", a.description, relation, b.description]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process = pid_t()
        guard posix_spawnp(&process, "dpkg", nil, nil, &arguments, environ) == 0 else { disagree("there is no dpkg") }
        var status: CInt = 0
        guard waitpid(process, &status, 0) == process else { disagree("dpkg was lost") }
        let code = status >> 8 & 0xFF
        require(code < 2, "dpkg does not take \(a) or \(b) for a version")
        return code == 0
    }
}
