package import Solver

/// How libsolv weighs candidates: `policy_filter_unwanted` in its policy.c, as dnf has it set up.
extension RPMUniverse: WeighingUniverse {
    /// The preferred ones where there are any; of these the best repository's, the best architecture's, the best
    /// version of each name, and none that another one obsoletes.
    package func narrowed(_ candidates: [PackageID]) -> [PackageID] {
        var list = candidates.map(\.index)
        if !preferred.isEmpty {
            let kept = list.filter(preferred.contains)
            if !kept.isEmpty { list = kept }
        }
        if list.count > 1 { list = ofBestRepository(list) }
        if list.count > 1 { list = ofBestArchitecture(list) }
        if list.count > 1 { list = ofBestVersions(list) }
        if list.count > 1 { list = withoutObsoleted(list) }
        return list.map { PackageID($0) }
    }

    private func ofBestRepository(_ list: [Int32]) -> [Int32] {
        guard priorities.count > 1 else { return list }
        let best = list.map { priorities[Int(table.record($0).repository)] }.min()
        return list.filter { priorities[Int(table.record($0).repository)] == best }
    }

    private func ofBestArchitecture(_ list: [Int32]) -> [Int32] {
        let best = list.map(score).filter { $0 > ArchitectureScores.independent }.min()
        guard let best else { return list }
        return list.filter { score($0) == ArchitectureScores.independent || score($0) >> 16 == best >> 16 }
    }

    /// The best version of each name, by name.
    private func ofBestVersions(_ list: [Int32]) -> [Int32] {
        let sorted = list.sorted { a, b in
            let (one, other) = (table.record(a), table.record(b))
            if one.name != other.name { return table.bytes(one.name).order(to: table.bytes(other.name)) < 0 }
            let (score, otherScore) = (score(a), score(b))
            if score != otherScore, min(score, otherScore) > ArchitectureScores.independent {
                return score < otherScore
            }
            let (cost, otherCost) = (costs[Int(one.repository)], costs[Int(other.repository)])
            return cost != otherCost ? cost < otherCost : a < b
        }
        var result: [Int32] = []
        for package in sorted {
            guard let last = result.last, table.record(last).name == table.record(package).name else {
                result.append(package)
                continue
            }
            if table.compareVersions(last, package) < 0 { result[result.count - 1] = package }
        }
        return result
    }

    /// Without what another one obsoletes; those that obsolete each other stay.
    private func withoutObsoleted(_ list: [Int32]) -> [Int32] {
        let count = list.count
        var obsoletes = [Bool](repeating: false, count: count * count)
        var isAny = false
        for (place, package) in list.enumerated() {
            for relation in table.relations(.obsoletes, of: package) {
                for (other, rival) in list.enumerated()
                where other != place && table.record(rival).name == relation.name
                    && relation.name != table.record(package).name
                    && packages(namedIn: relation).contains(rival)
                {
                    obsoletes[place * count + other] = true
                    isAny = true
                }
            }
        }
        guard isAny else { return list }
        for middle in 0..<count {
            for from in 0..<count where obsoletes[from * count + middle] {
                for to in 0..<count where obsoletes[middle * count + to] { obsoletes[from * count + to] = true }
            }
        }
        return list.indices.filter { place in
            !list.indices.contains { other in
                other != place && obsoletes[other * count + place] && !obsoletes[place * count + other]
            }
        }.map { list[$0] }
    }

    /// By, in this order: whether installed packages suggest it or it enhances them; in how high a version it provides
    /// what others provide, too; whether there is no newer or better one of its name.
    package func ordered(_ candidates: [PackageID], isInstalled: (PackageID) -> Bool) -> [PackageID] {
        var list = candidates.map(\.index)
        list = list.filter { !isOld($0) } + list.filter(isOld)
        list = byProvidedVersions(list)
        let suggestions = suggestions { isInstalled(PackageID($0)) }
        let isGood = list.map { package in
            suggestions.contains(package) || isEnhancing(package) { isInstalled(PackageID($0)) }
        }
        list =
            list.indices.filter { isGood[$0] }.map { list[$0] } + list.indices.filter { !isGood[$0] }.map { list[$0] }
        return list.map { PackageID($0) }
    }

    /// Whether there is a newer version, or one in a better repository, also where it can't be chosen.
    private func isOld(_ package: Int32) -> Bool {
        let record = table.record(package)
        return table.packages(named: record.name).contains { other in
            other != package && table.record(other).architecture == record.architecture
                && score(other) != ArchitectureScores.none && isBetter(other, than: package)
        }
    }

    /// Whether `a` is in a better repository than `b`, or newer in an equally good one.
    func isBetter(_ a: Int32, than b: Int32) -> Bool {
        let (left, right) = (priorities[Int(table.record(a).repository)], priorities[Int(table.record(b).repository)])
        return left == right ? table.compareVersions(a, b) > 0 : left < right
    }

    /// Where several provide the same name in different versions, the higher ones first.
    private func byProvidedVersions(_ list: [Int32]) -> [Int32] {
        struct Entry {
            let place: Int
            let name: Int32
            let version: Int32
            let isLess: Bool
        }
        var entries: [Entry] = []
        for (place, package) in list.enumerated() {
            for relation in table.relations(.provides, of: package) where !relation.isRich {
                switch relation.flags.intersection(.comparison) {
                case .equal where !isHash(table.bytes(relation.version)), [.less, .equal], .less:
                    entries.append(
                        Entry(
                            place: place, name: relation.name, version: relation.version,
                            isLess: relation.flags.isDisjoint(with: .equal)))
                default: break
                }
            }
        }
        guard entries.count > 1 else { return list }
        func isBefore(_ a: Entry, _ b: Entry) -> Bool {
            if a.version == b.version { return false }
            switch RPMVersion.compareInRelation(table.bytes(a.version), table.bytes(b.version)) {
            case .greater: return true
            case .less, .lacksRelease, .hasRelease: return false
            case .equal: return !a.isLess && b.isLess
            }
        }
        entries.sort { a, b in
            if a.name != b.name { return a.name < b.name }
            return isBefore(a, b)
        }
        var badness = [Int](repeating: 0, count: list.count)
        var bad = 0
        for (number, entry) in entries.enumerated() {
            if number > 0, entries[number - 1].name == entry.name {
                let previous = entries[number - 1]
                if previous.place != entry.place, isBefore(previous, entry) { bad += 1 }
            } else {
                bad = 0
            }
            badness[entry.place] += bad
        }
        return list.indices.sorted { (badness[$0], $0) < (badness[$1], $1) }.map { list[$0] }
    }

    private func isHash(_ version: UnsafeRawBufferPointer) -> Bool {
        version.count >= 4 && version.allSatisfy { $0.isDigit || $0 &- 0x61 < 6 }
    }

    private func isEnhancing(_ package: Int32, _ isInstalled: (Int32) -> Bool) -> Bool {
        enhancing.contains(package)
            && table.relations(.enhances, of: package).contains { condition($0).holds(isInstalled) }
    }

    /// What installed packages suggest. Rich suggestions are left out: no repository is known to have one.
    private func suggestions(_ isInstalled: (Int32) -> Bool) -> Set<Int32> {
        var result: Set<Int32> = []
        for package in suggesting where isInstalled(package) {
            for relation in table.relations(.suggests, of: package) where !relation.isRich {
                result.formUnion(providers(of: relation))
            }
        }
        return result
    }

    // MARK: Supplements

    /// Labels of requirements that stand for Supplements of a package: below this, by the package's number.
    private static let supplements: Int32 = -16

    /// The first of its Supplements that holds; the label is that of ``describe(requirement:of:)``.
    package func supplement(
        _ package: PackageID, isInstalled: (PackageID) -> Bool
    ) -> (package: PackageID, label: Int32)? {
        guard let conditions = supplementConditions[package.index] else { return nil }
        for condition in conditions where condition.holds({ isInstalled(PackageID($0)) }) {
            let cause = condition.packages.first { isInstalled(PackageID($0)) } ?? package.index
            return (PackageID(cause), Self.supplements - package.index)
        }
        return nil
    }

    /// The package that a label of ``supplement(_:isInstalled:)`` speaks of.
    func supplementing(ofLabel label: Int32) -> PackageID? {
        label <= Self.supplements ? PackageID(Self.supplements - label) : nil
    }

    /// Whether the same name is installed for another architecture, or in another version where several may be.
    package func isKeptOut(_ package: PackageID, isInstalled: (PackageID) -> Bool) -> Bool {
        let record = table.record(package.index)
        return table.packages(named: record.name).contains { other in
            guard other != package.index, isInstalled(PackageID(other)) else { return false }
            return isInstallOnly[Int(package.index)] || table.record(other).architecture != record.architecture
        }
    }
}
