extension Search {
    /// All that is installed, each package with the first way on which it is reached from the request.
    func weighedSolution(_ universe: any WeighingUniverse) -> Solution {
        var members: [Int32] = []
        for literal in trail where literal & 1 == 0 { members.append(literal >> 1) }
        members.sort()
        var reasons: [Int32: Solution.Reason] = [:]
        var reached: [Int32] = []
        func reach(_ package: Int32, _ reason: Solution.Reason) {
            guard isInstalled(package), reasons[package] == nil else { return }
            reasons[package] = reason
            reached.append(package)
        }
        for item in 0..<items.count {
            for place in items.candidates(item) { reach(items.packages[place], .requested(label: items[item].label)) }
        }
        var next = 0
        var isDone = false
        while !isDone {
            while next < reached.count {
                for row in tables.rowRange(Int(reached[next])) where isBinding(.row(row)) {
                    guard takesRecommends || !tables.rows[row].isOptional else { continue }
                    for place in tables.rows.candidates(row) { reach(tables.rows.packages[place], reason(.row(row))) }
                }
                next += 1
            }
            isDone = true
            for package in members where reasons[package] == nil {
                guard let found = universe.supplement(PackageID(package), isInstalled: { reasons[$0.index] != nil })
                else {
                    continue
                }
                reach(package, .required(by: found.package, label: found.label, isOptional: true))
                isDone = false
                break
            }
        }
        // What only an earlier, longer way led to stays out: nothing needs it.
        let packages = members.filter { reasons[$0] != nil }
        return Solution(
            packages: packages.map { PackageID($0) }, reasons: packages.compactMap { reasons[$0] },
            dropped: unmetWishes(packages))
    }

    /// What is optional and could not be had.
    private func unmetWishes(_ packages: [Int32]) -> [Solution.Dropped] {
        var dropped: [Solution.Dropped] = []
        for item in 0..<items.count where items[item].isOptional && isBinding(.item(item)) && !isMet(.item(item)) {
            dropped.append(
                Solution.Dropped(source: reason(.item(item)), hasCandidates: !items.candidates(item).isEmpty))
        }
        guard takesRecommends else { return dropped }
        for package in packages {
            for row in tables.rowRange(Int(package))
            where tables.rows[row].isOptional && isBinding(.row(row)) && !isMet(.row(row)) {
                dropped.append(
                    Solution.Dropped(source: reason(.row(row)), hasCandidates: !tables.rows.candidates(row).isEmpty))
            }
        }
        return dropped
    }
}
