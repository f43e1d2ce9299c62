extension Solver {
    /// Those of `packages` that no system can have, in order.
    ///
    /// Many packages are tried together: what can be installed in any company can be installed. Only the first that is
    /// tried in each round is alone, so a package that fails there fails everywhere. Throws where a round reaches `limits`.
    package mutating func uninstallable(
        among packages: [PackageID], forbidden: [PackageID] = [], limits: SolverLimits = .standard
    ) throws(SolverLimitReached) -> [PackageID] {
        var open = packages
        var broken: [PackageID] = []
        while !open.isEmpty {
            let items = open.map { Requirement(candidates: [$0], label: 0, isOptional: true) }
            let request = SolverRequest(items: items, forbidden: forbidden, limits: limits)
            let (left, failed) = try search(request, policy: .fewest) { search throws(SolverLimitReached) in
                try search.installable(open, forbidden: forbidden)
            }
            broken += failed
            open = left
        }
        return broken.sorted()
    }
}

extension Search {
    /// Installs as many of `packages`, which are the items, as it can. Returns those left open, and those that can't be
    /// installed at all.
    fileprivate mutating func installable(
        _ packages: [PackageID], forbidden: [PackageID]
    ) throws(SolverLimitReached) -> (open: [PackageID], broken: [PackageID]) {
        var open: [PackageID] = []
        var broken: [PackageID] = []
        guard assume(forbidden: forbidden) == nil, propagate() == nil else { return ([], packages) }
        for (item, package) in packages.enumerated() {
            // As long as nothing was installed, nothing but the universe speaks against a package.
            let isAlone = floor == 0
            let isTaken = try take(.item(item))
            if !isTaken {
                if isAlone { broken.append(package) } else { open.append(package) }
            }
        }
        return (open, broken)
    }
}
