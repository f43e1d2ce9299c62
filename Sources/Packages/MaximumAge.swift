/// How old today's state of a repository may be when it is taken: `max-age` in deploy.yaml.
///
/// A repository is as old as its newest suite: an archive signs a release once and leaves it for months or for ever (Debian's
/// trixie, Ubuntu's noble), and only the suites beside it move.
package enum MaximumAge: Hashable, Sendable {
    /// What counts where nothing is declared: 30 days where the repository has a suite that moves and that has no Valid-Until,
    /// by which archives say so themselves; any age where it has none. What never moves can't be told from what was frozen.
    case standard
    /// In seconds.
    case seconds(Int64)
    case any

    private static let standardLimit: Int64 = 30 * 86_400

    /// What archives call the suites, and projects the repositories, that get new packages all the time.
    private static let movingEndings = ["updates", "security", "backports", "proposed"]

    /// Whether something is called as what gets new packages all the time: "noble-updates", "fedora-updates".
    package static func moves(_ name: String) -> Bool {
        movingEndings.contains { name == $0 || name.hasSuffix("-\($0)") }
    }

    /// The most seconds that the newest of `suites` may be old; nil where it may be of any age.
    package func limit(of suites: [(name: String, hasExpiry: Bool)]) -> Int64? {
        switch self {
        case .any: nil
        case .seconds(let seconds): seconds
        case .standard: suites.contains { Self.moves($0.name) && !$0.hasExpiry } ? Self.standardLimit : nil
        }
    }

    /// The age that `text` means: "14d", "12h", "8w" or "any"; nil for anything else.
    package init?(_ text: String) {
        if text == "any" {
            self = .any
            return
        }
        let units: [Character: Int64] = ["h": 3600, "d": 86_400, "w": 7 * 86_400]
        guard let last = text.last, let unit = units[last], text.utf8.count < 8,
            text.dropLast().utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = Int64(text.dropLast()), number > 0
        else { return nil }
        self = .seconds(number * unit)
    }
}
