/// What a universe says about the packages that were looked at, asked for once each.
struct SolverTables {
    struct ConflictEntry {
        var package: Int32
        var label: Int32
    }

    private(set) var rows = RequirementRows()
    private(set) var conflicts: [ConflictEntry] = []
    /// By package; -1 where it was not looked at.
    private var firstRow: [Int32]
    private var rowEnd: [Int32]
    private var firstConflict: [Int32]
    private var conflictEnd: [Int32]
    private var stamps: [UInt32]
    private var stamp: UInt32 = 0

    init(packageCount: Int) {
        firstRow = Array(repeating: -1, count: packageCount)
        rowEnd = firstRow
        firstConflict = firstRow
        conflictEnd = firstRow
        stamps = Array(repeating: 0, count: packageCount)
    }

    /// The rows of a package that was loaded.
    @inline(__always) func rowRange(_ package: Int) -> Range<Int> { Int(firstRow[package])..<Int(rowEnd[package]) }
    /// The entries of `conflicts` of a package that was loaded.
    @inline(__always) func conflictRange(_ package: Int) -> Range<Int> {
        Int(firstConflict[package])..<Int(conflictEnd[package])
    }

    mutating func load(_ package: Int, from universe: any PackageUniverse) {
        guard firstRow[package] < 0 else { return }
        renewStamps()
        let id = PackageID(package)
        firstRow[package] = Int32(rows.count)
        for requirement in universe.requirements(of: id) {
            rows.append(requirement, owner: id.index, stamps: &stamps, stamp: &stamp)
        }
        rowEnd[package] = Int32(rows.count)
        firstConflict[package] = Int32(conflicts.count)
        stamp += 1
        for conflict in universe.conflicts(of: id) {
            for other in conflict.packages where other != id && stamps[Int(other.index)] != stamp {
                stamps[Int(other.index)] = stamp
                conflicts.append(ConflictEntry(package: other.index, label: conflict.label))
            }
        }
        conflictEnd[package] = Int32(conflicts.count)
    }

    /// The items of a request as rows, and which item each row is: items that always hold have none.
    mutating func itemRows(_ items: [Requirement]) -> (rows: RequirementRows, items: [Int]) {
        renewStamps()
        var rows = RequirementRows()
        var indices: [Int] = []
        for (index, item) in items.enumerated() {
            let before = rows.count
            rows.append(item, owner: -1, stamps: &stamps, stamp: &stamp)
            if rows.count > before { indices.append(index) }
        }
        return (rows, indices)
    }

    private mutating func renewStamps() {
        guard stamp > UInt32.max / 2 else { return }
        stamp = 0
        for index in stamps.indices { stamps[index] = 0 }
    }
}
