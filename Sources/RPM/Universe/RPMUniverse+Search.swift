package import Primitives
package import Solver

/// Packages as people look for them.
extension RPMUniverse {
    /// Of each name and architecture the package that is taken where nothing else decides: of the best repository, the newest
    /// version. In the order in which they are numbered.
    package func best(of packages: [PackageID]) -> [PackageID] {
        struct Key: Hashable {
            let name: Int32
            let architecture: Int32
        }
        var best: [Key: Int32] = [:]
        for package in packages.lazy.map(\.index) where isConsidered[Int(package)] {
            let record = table.record(package)
            let key = Key(name: record.name, architecture: record.architecture)
            if let known = best[key], !isBetter(package, than: known) { continue }
            best[key] = package
        }
        return best.values.sorted().map { PackageID($0) }
    }

    /// What fits `search`, each name and architecture once, the best first, those that fit as well in the order of names.
    package func matches(_ search: WordSearch) -> [PackageID] {
        var ranks: [Int32: WordSearch.Rank] = [:]
        for package in 0..<Int32(packageCount) where isConsidered[Int(package)] {
            let record = table.record(package)
            ranks[package] = search.rank(table.bytes(record.name)) { table.bytes(record.summary) }
        }
        return best(of: ranks.keys.map { PackageID($0) }).map { (package: $0, rank: ranks[$0.index] ?? .inSummary) }
            .sorted { a, b in
                if a.rank != b.rank { return a.rank < b.rank }
                let order = name(a).order(to: name(b))
                return order == 0 ? a.package < b.package : order < 0
            }.map(\.package)
        func name(_ match: (package: PackageID, rank: WordSearch.Rank)) -> UnsafeRawBufferPointer {
            table.bytes(table.record(match.package.index).name)
        }
    }

    /// Names of packages that can be chosen and are spelled much like `name`, the nearest first.
    package func nearestNames(to name: String) -> [String] {
        EditDistance.nearest(to: name, among: considerableNames)
    }

    /// The packages that have `relation`'s name, or provide it, in such a version, and can be chosen; ascending.
    package func candidates(for relation: RPMRelation) -> [PackageID] {
        guard let name = table.find(relation.name) else { return [] }
        var version = relation.version?.text ?? ""
        return version.withUTF8 { providers(of: name, relation.flags, version: UnsafeRawBufferPointer($0)) }
            .filter { isConsidered[Int($0)] }.map { PackageID($0) }
    }
}

extension RPMTable {
    /// The packages that provide `name`, or have it as a file, and are not called so; in order, each once.
    package func providers(of name: String) -> [PackageID] {
        guard let number = find(name) else { return [] }
        var found: [PackageID] = []
        for provider in providers(of: number)
        where record(provider.package).name != number && found.last?.index != provider.package {
            found.append(PackageID(provider.package))
        }
        return found
    }
}
