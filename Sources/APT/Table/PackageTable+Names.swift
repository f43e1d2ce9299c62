import Primitives
package import Solver

/// Finding packages by name.
extension PackageTable {
    /// Every package called `name`, of all versions and architectures, the newest first.
    package func packages(named name: String) -> [PackageID] {
        guard let number = names.find(name) else { return [] }
        return packages(of: number)
            .sorted { DebianVersion.compare(versionBytes($0), versionBytes($1)) > 0 }
            .map { PackageID($0) }
    }

    /// Whether some package provides `name`, under that name or another.
    package func isProvided(_ name: String) -> Bool {
        guard let number = names.find(name) else { return false }
        return firstPackage[Int(number)] >= 0 || firstProvision[Int(number)] >= 0
    }

    /// The names of real packages that begin with `prefix`, in the order in which they were met.
    package func names(withPrefix prefix: String) -> [String] {
        let wanted = Array(prefix.utf8)
        return (0..<Int32(names.count)).filter { number in
            // Names lie all over the texts, which are larger than all else together.
            if number % 16_384 == 16_383 { for source in sources { source.text.releasePages() } }
            return firstPackage[Int(number)] >= 0 && names.bytes(number).starts(with: wanted)
        }.map(names.text)
    }

    /// The names of real packages that `name` may have been meant to be, the likeliest first: at most a third of its letters,
    /// and no more than three, are mistyped, missing, too many or swapped with the next.
    package func nearestNames(to name: String, count: Int = 3) -> [String] {
        let wanted = Array(name.utf8)
        let limit = min(3, max(1, wanted.count / 3))
        guard wanted.count <= 100 else { return [] }
        var best: [(distance: Int, name: String)] = []
        var distance = EditDistance(wanted)
        for number in 0..<Int32(names.count) where firstPackage[Int(number)] >= 0 {
            let candidate = names.bytes(number)
            let worst = best.count < count ? limit : best[best.count - 1].distance
            guard let found = distance.measure(candidate, limit: worst) else { continue }
            let entry = (distance: found, name: names.text(number))
            let place = best.firstIndex { (entry.distance, entry.name) < ($0.distance, $0.name) } ?? best.count
            best.insert(entry, at: place)
            if best.count > count { best.removeLast() }
        }
        return best.map(\.name)
    }
}
