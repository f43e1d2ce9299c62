/// Requirements in flat arrays, in the order in which they were added.
struct RequirementRows {
    struct Row {
        var owner: Int32
        var label: Int32
        var isOptional: Bool
        /// Candidates are `packages[start..<middle]`, the packages it is given with `packages[middle..<end]`.
        var start: Int32
        var middle: Int32
        var end: Int32
    }

    private(set) var rows: [Row] = []
    private(set) var packages: [Int32] = []

    var count: Int { rows.count }

    subscript(row: Int) -> Row {
        @inline(__always) get { rows[row] }
    }

    @inline(__always) func candidates(_ row: Int) -> Range<Int> { Int(rows[row].start)..<Int(rows[row].middle) }
    @inline(__always) func given(_ row: Int) -> Range<Int> { Int(rows[row].middle)..<Int(rows[row].end) }
    @inline(__always) func isConditional(_ row: Int) -> Bool { rows[row].middle != rows[row].end }
    @inline(__always) func isUnsatisfiable(_ row: Int) -> Bool { rows[row].start == rows[row].end }

    func candidateIDs(_ row: Int) -> [PackageID] { packages[candidates(row)].map { PackageID($0) } }
    func givenIDs(_ row: Int) -> [PackageID] { packages[given(row)].map { PackageID($0) } }

    /// Adds a requirement without its duplicates, or nothing where it always holds.
    ///
    /// `owner` is -1 for an item of a request. `stamps` holds a number for each package, none of them above `stamp`;
    /// afterwards `stamp` is higher.
    mutating func append(_ requirement: Requirement, owner: Int32, stamps: inout [UInt32], stamp: inout UInt32) {
        let start = packages.count
        stamp += 2
        let asGiven = stamp
        let asCandidate = stamp - 1
        for package in requirement.given where package.index != owner { stamps[Int(package.index)] = asGiven }
        for package in requirement.candidates {
            let seen = stamps[Int(package.index)]
            guard seen != asGiven, package.index != owner else {
                packages.removeSubrange(start...)
                return
            }
            if seen == asCandidate { continue }
            stamps[Int(package.index)] = asCandidate
            packages.append(package.index)
        }
        let middle = packages.count
        for package in requirement.given where stamps[Int(package.index)] == asGiven && package.index != owner {
            stamps[Int(package.index)] = asCandidate
            packages.append(package.index)
        }
        rows.append(
            Row(
                owner: owner, label: requirement.label, isOptional: requirement.isOptional, start: Int32(start),
                middle: Int32(middle), end: Int32(packages.count)))
    }
}
