package import Primitives

/// A service that keeps what archives delete: the address of an archive as it was at some time, or of a file by its digest.
package struct SnapshotService: Hashable, Sendable {
    /// "http://snapshot.example.org/archive/debian/{date}/" or "http://files.example.org/{sha256}".
    package let template: String

    private static let date = "{date}"
    private static let digest = "{sha256}"

    /// How long after the date of a Release file to look: a service takes an archive in after that was published, and gives
    /// for any time the state that it took in last.
    private static let delays: [Int64] = [0, 3600, 6 * 3600, 24 * 3600]

    /// What is wrong with `template`; nil where nothing is.
    package static func problem(of template: String) -> String? {
        let schemes = ["http://", "https://", "file:///"]
        guard schemes.contains(where: template.hasPrefix) else { return "an address: http://, https:// or file:///" }
        guard template.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return "an address has no spaces" }
        let places = [date, digest].filter(template.contains)
        let rest = places.reduce(template) { $0.replacing($1, with: "") }
        guard places.count == 1, !rest.contains("{"), !rest.contains("}") else {
            return "with {date}, which becomes 20261119T203112Z, or {sha256}, which becomes a file's digest"
        }
        return nil
    }

    /// Nil where `problem(of:)` finds one.
    package init?(_ template: String) {
        guard Self.problem(of: template) == nil else { return nil }
        self.template = template
    }

    /// Where the archive is as it was at `dates`, without a slash at the end; empty where files are found by digest.
    package func archives(at dates: [LockDate]) -> [String] {
        guard template.contains(Self.date) else { return [] }
        var base = template
        while base.hasSuffix("/") { base.removeLast() }
        return Self.delays.flatMap { delay in
            dates.map { date in
                let time = LockDate(secondsSince1970: date.secondsSince1970 + delay)
                return base.replacing(Self.date, with: "\(time)".filter { $0 != "-" && $0 != ":" })
            }
        }
    }

    /// Where the file with this digest is; nil where archives are found by date.
    package func address(of digest: Digest) -> String? {
        template.contains(Self.digest) ? template.replacing(Self.digest, with: digest.hex) : nil
    }
}
