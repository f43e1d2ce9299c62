import Locking
import Packages
import Primitives
import Testing

@testable import Darksites

/// How old a state may be that is taken.
@Suite struct FreshnessTests {
    private static let day: Int64 = 86_400
    private static let now: Int64 = 1_767_225_600

    private func state(_ suite: String, daysOld: Int64) -> LockedSnapshot {
        LockedSnapshot(
            repository: "made", suite: suite, date: LockDate(secondsSince1970: Self.now - daysOld * Self.day),
            digest: Digest(of: Array(suite.utf8)), size: .zero)
    }

    @Test(arguments: [
        ("14d", 14 * 86_400), ("12h", 43_200), ("8w", 56 * 86_400), ("1d", 86_400),
    ])
    func agesAreRead(text: String, seconds: Int64) {
        #expect(MaximumAge(text) == .seconds(seconds))
    }

    @Test(arguments: ["", "d", "0d", "14", "-1d", "1.5d", "14 d", "99999999d", "never", "1m", "１d"])
    func whatIsNoAgeIsNone(text: String) {
        #expect(MaximumAge(text) == nil)
        #expect(MaximumAge("any") == .any)
    }

    /// The suites of a repository, and whether they are taken without a declared age.
    struct Archive: Sendable {
        struct Suite: Sendable {
            let name: String
            let days: Int64
            let hasExpiry: Bool
        }

        let suites: [Suite]
        let isTaken: Bool

        init(_ isTaken: Bool, _ suites: [(String, Int64, Bool)]) {
            self.isTaken = isTaken
            self.suites = suites.map { Suite(name: $0.0, days: $0.1, hasExpiry: $0.2) }
        }
    }

    static let archives: [Archive] = [
        // Debian: stable is signed at point releases, and beside it Valid-Until counts.
        Archive(true, [("trixie", 70, false), ("trixie-updates", 1, true)]),
        Archive(true, [("trixie", 500, false), ("trixie-updates", 500, true)]),
        // Ubuntu: the release is never signed again, and what moves has no Valid-Until.
        Archive(true, [("noble", 800, false), ("noble-updates", 1, false)]),
        Archive(false, [("noble", 800, false), ("noble-updates", 31, false)]),
        Archive(false, [("noble-security", 500, false)]), Archive(true, [("noble-security", 29, false)]),
        Archive(true, [("noble-updates", 1, false), ("noble-backports", 60, false)]),
        // One's own, or a vendor's: nobody knows when it should have moved.
        Archive(true, [("stable", 500, false)]), Archive(true, [("./", 5000, false)]),
        // RPM repositories go by their names.
        Archive(false, [("fedora-updates", 45, false)]), Archive(true, [("fedora", 800, false)]),
        Archive(false, [("updates", 45, false)]),
    ]

    @Test(arguments: archives)
    func honestArchivesAreTaken(archive: Archive) throws {
        let rule = FreshnessRule(floor: nil, allowances: Allowances(), now: Self.now)
        let states = archive.suites.map { state($0.name, daysOld: $0.days) }
        let limit = MaximumAge.standard.limit(of: archive.suites.map { (name: $0.name, hasExpiry: $0.hasExpiry) })
        var isTaken = true
        do { try rule.checkAge(states, limit: limit) } catch { isTaken = false }
        #expect(isTaken == archive.isTaken, "\(archive)")
        #expect(throws: Never.self) { try rule.checkAge(states, limit: MaximumAge.any.limit(of: [])) }
    }

    @Test func aDeclaredAgeCountsForTheNewestSuite() throws {
        let rule = FreshnessRule(floor: nil, allowances: Allowances(), now: Self.now)
        let states = [state("trixie", daysOld: 70), state("trixie-updates", daysOld: 15)]
        let limit = try #require(MaximumAge("14d")).limit(of: [])
        let error = #expect(throws: TooOld.self) { try rule.checkAge(states, limit: limit) }
        #expect(error?.what == "made: its newest state is 15 days old, and max-age is 14 days")
        #expect(error?.details.count == 2, "the date of each suite")
        #expect(error?.hint?.contains("--allow-older made/trixie-updates") == true)
        #expect(throws: Never.self) {
            try rule.checkAge([states[0], state("trixie-updates", daysOld: 13)], limit: limit)
        }
        let allowed = FreshnessRule(floor: nil, allowances: Allowances(older: ["made/trixie-updates"]), now: Self.now)
        #expect(throws: Never.self) { try allowed.checkAge(states, limit: limit) }
    }

    @Test func nothingGoesBackBehindWhatIsLocked() {
        let locked = LockedDistribution(
            name: "debian", family: .apt, architecture: "amd64", asked: nil,
            snapshots: [state("trixie", daysOld: 20), state("trixie", daysOld: 10)], indexes: [], packages: [])
        let rule = FreshnessRule(floor: locked, allowances: Allowances(), now: Self.now)
        #expect(throws: MirrorIsOlder.self) { try rule.checkOrder(state("trixie", daysOld: 11)) }
        for days: Int64 in [10, 9, 0] {
            #expect(throws: Never.self) { try rule.checkOrder(state("trixie", daysOld: days)) }
        }
        #expect(throws: Never.self) { try rule.checkOrder(state("sid", daysOld: 100)) }
        let allowed = FreshnessRule(floor: locked, allowances: Allowances(older: ["made/trixie"]), now: Self.now)
        #expect(throws: Never.self) { try allowed.checkOrder(state("trixie", daysOld: 11)) }
    }
}
