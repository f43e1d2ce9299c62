import Primitives
package import Solver

/// The packages of a table as a solver sees them: under pins, with apt's order of preference, and only as far as it asks.
///
/// As in apt's own resolver only *candidates* are offered: of each name and architecture the version with the highest priority,
/// and among those the latest. A request for `name=version` or `name/suite` makes another version the candidate. It remembers
/// what it worked out, so make one for each task that solves; making one is cheap.
package final class DebianUniverse: PackageUniverse {
    /// All packages there are, candidates or not.
    package let table: PackageTable
    /// In order: of the specific ones, and of the general ones, the first that matches rules.
    package let pins: [Pin]
    /// Whether Recommends are offered as optional requirements.
    package let includesRecommends: Bool
    /// Whether other versions than candidates are offered too, after all candidates.
    package let offersOtherVersions: Bool

    /// Packages that a request keeps out: of several that provide a name it means the one that is left. To be set before requests are
    /// taken in.
    package var keptOut: Set<PackageID> = []

    /// Relations that did not parse, of the packages looked at so far; such a package counts as impossible to install.
    package internal(set) var errors: [PackageIndexError] = []

    /// By source: the priority of its packages where no specific pin says otherwise.
    private let sourcePriorities: [Int]
    private let specificPins: [Pin]
    /// Whether some suite is there as it was at several times.
    private let hasGenerations: Bool
    /// By name and slot: the candidate plus one, `noCandidate`, or 0 where it was not looked for.
    private let candidates: ZeroedNumbers
    private let slotCount: Int
    private static let noCandidate: Int32 = -1

    var requirementMemo: Memo<[Requirement]>
    var conflictMemo: Memo<[Conflict]>
    /// By package: where its Conflicts or Breaks begin, which do not parse.
    var brokenConflicts: [Int32: Int32] = [:]
    /// Packages taken from a suite by request, and what their requirements drew from it: they may draw more from there.
    var followedSuites: [Int32: String] = [:]
    /// By package: the number of the last collection it was put into.
    private let marks: ZeroedNumbers
    private var collection: Int32 = 0

    /// What was worked out of some packages.
    struct Memo<Value> {
        private var values: [Value] = []
        /// By package: the place of its value, plus one.
        private var places: ZeroedNumbers
        private let packageCount: Int

        init(packageCount: Int) {
            self.packageCount = packageCount
            places = ZeroedNumbers(count: packageCount)
        }

        subscript(package: Int32) -> Value? {
            let place = Int(places[Int(package)])
            return place > 0 ? values[place - 1] : nil
        }

        mutating func set(_ value: Value, of package: Int32) {
            values.append(value)
            places[Int(package)] = Int32(values.count)
        }

        mutating func forgetAll() {
            if !values.isEmpty { self = Memo(packageCount: packageCount) }
        }
    }

    /// Nothing is worked out yet but the priorities of the sources.
    package init(
        _ table: PackageTable, pins: [Pin] = [], includesRecommends: Bool = false, offersOtherVersions: Bool = false
    ) {
        self.table = table
        self.pins = pins
        self.includesRecommends = includesRecommends
        self.offersOtherVersions = offersOtherVersions
        specificPins = pins.filter { !$0.isGeneral }
        hasGenerations = table.sources.contains { $0.origin.generation > 0 }
        sourcePriorities = table.sources.map { source in
            pins.first { $0.isGeneral && $0.matches(source.origin) }?.priority ?? source.origin.defaultPriority
        }
        slotCount = table.architectures.count
        candidates = ZeroedNumbers(count: table.names.count * slotCount)
        requirementMemo = Memo(packageCount: table.packageCount)
        conflictMemo = Memo(packageCount: table.packageCount)
        marks = ZeroedNumbers(count: table.packageCount)
    }

    /// Starts a new collection of packages, each to be in it once.
    func startMarking() { collection += 1 }

    /// Whether `package` is new to the present collection.
    func mark(_ package: Int32) -> Bool {
        defer { marks[Int(package)] = collection }
        return marks[Int(package)] != collection
    }

    /// How many the table has: its numbers are the solver's.
    package var packageCount: Int { table.packageCount }

    /// That of apt.
    package var policy: ChoicePolicy { .apt }

    /// The version of `name` that apt would install, for an architecture by name (nil: the native one), or nil.
    package func candidate(of name: String, architecture: String? = nil) -> PackageID? {
        var slot: UInt16? = 0
        if var architecture { slot = architecture.withUTF8 { table.slot(of: UnsafeRawBufferPointer($0)) } }
        guard let slot, let number = table.names.find(name) else { return nil }
        return candidate(number, slot).map { PackageID($0) }
    }

    /// The candidate of a name in a slot.
    func candidate(_ name: Int32, _ slot: UInt16) -> Int32? {
        let place = Int(name) * slotCount + Int(slot)
        if candidates[place] == 0 {
            candidates[place] = findCandidate(name, slot).map { $0 + 1 } ?? DebianUniverse.noCandidate
        }
        return candidates[place] > 0 ? candidates[place] - 1 : nil
    }

    func isCandidate(_ package: Int32) -> Bool {
        let entry = table.entries[Int(package)]
        return candidate(entry.name, entry.slot) == package
    }

    /// Of packages that a suite had at different times, those of the first time come before all others.
    func findCandidate(_ name: Int32, _ slot: UInt16, acrossGenerations: Bool = false) -> Int32? {
        var best: (package: Int32, priority: Int, isLater: Bool)?
        for package in table.packages(of: name) where table.entries[Int(package)].slot == slot {
            let priority = priority(package)
            guard priority > 0 else { continue }
            let isLater = hasGenerations && !acrossGenerations && isLater(package)
            if let best, best.isLater != isLater {
                if isLater { continue }
            } else if let best {
                if priority < best.priority { continue }
                if priority == best.priority,
                    DebianVersion.compare(table.versionBytes(package), table.versionBytes(best.package)) <= 0
                {
                    continue
                }
            }
            best = (package, priority, isLater)
        }
        return best?.package
    }

    /// Whether no suite had the package at the first of its times.
    private func isLater(_ package: Int32) -> Bool {
        table.originNumbers(of: package).allSatisfy { table.sources[$0].origin.generation > 0 }
    }

    /// The priority of a package under the pins, as `apt-cache policy` shows it.
    package func priority(of package: PackageID) -> Int { priority(package.index) }

    func priority(_ package: Int32) -> Int {
        if let pin = specificPins.first(where: { isMeant(package, by: $0) }) { return pin.priority }
        var best = sourcePriorities[Int(table.entries[Int(package)].source)]
        table.forEachOtherSource(of: package) { best = max(best, sourcePriorities[$0]) }
        return best
    }

    /// Whether a pin of the specific form is about this package.
    private func isMeant(_ package: Int32, by pin: Pin) -> Bool {
        guard pin.names.contains(where: { names(package, $0) }) else { return false }
        guard case .version(let pattern) = pin.target else {
            return table.originNumbers(of: package).contains { pin.matches(table.sources[$0].origin) }
        }
        return pattern.matches(String(decoding: table.versionBytes(package), as: UTF8.self))
    }

    /// Whether `pinned` names the package; without an architecture it means the native one.
    private func names(_ package: Int32, _ pinned: PinnedName) -> Bool {
        let entry = table.entries[Int(package)]
        let architecture = pinned.architecture ?? table.architectures[0]
        guard architecture == "any" || architecture == table.architectures[Int(entry.slot)] else { return false }
        return pinned.means(pinned.isSource ? table.sourceName(of: package) : table.names.text(entry.name))
    }

    /// Makes `package` the candidate of its name, whatever its priority; what was worked out before is forgotten.
    func makeCandidate(_ package: Int32, followingSuite suite: String?) {
        let entry = table.entries[Int(package)]
        candidates[Int(entry.name) * slotCount + Int(entry.slot)] = package + 1
        followedSuites[package] = suite
        requirementMemo.forgetAll()
    }
}
