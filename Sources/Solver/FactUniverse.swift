/// A universe in which only given facts hold. Labels are the numbers of facts.
struct FactUniverse: PackageUniverse {
    let packageCount: Int
    /// Nobody asks what is chosen, only whether something can be.
    let policy = ChoicePolicy.fewest
    private(set) var items: [Requirement] = []
    private(set) var forbidden: [PackageID] = []
    private var requirementsByPackage: [[Requirement]]
    private var conflictsByPackage: [[Conflict]]
    private var exclusions: [PackageID: Int] = [:]

    init(_ facts: [Explanation.Fact]) {
        var numbers: [PackageID: PackageID] = [:]
        func number(_ package: PackageID) -> PackageID {
            if let known = numbers[package] { return known }
            let new = PackageID(numbers.count)
            numbers[package] = new
            return new
        }
        var requirements: [(PackageID, Requirement)] = []
        var conflicts: [(PackageID, Conflict)] = []
        for (index, fact) in facts.enumerated() {
            let label = Int32(index)
            switch fact {
            case .requested(_, let candidates):
                items.append(Requirement(candidates: candidates.map(number), label: label))
            case .requires(let package, _, let candidates, let given):
                let requirement = Requirement(
                    candidates: candidates.map(number), label: label, given: given.map(number))
                requirements.append((number(package), requirement))
            case .nothingProvides(let package, _):
                requirements.append((number(package), Requirement(candidates: [], label: label)))
            case .conflicts(let package, _, let other):
                conflicts.append((number(package), Conflict(packages: [number(other)], label: label)))
            case .forbidden(let package):
                forbidden.append(number(package))
                exclusions[number(package)] = index
            }
        }
        packageCount = numbers.count
        requirementsByPackage = Array(repeating: [], count: packageCount)
        conflictsByPackage = Array(repeating: [], count: packageCount)
        for (package, requirement) in requirements { requirementsByPackage[Int(package.index)].append(requirement) }
        for (package, conflict) in conflicts { conflictsByPackage[Int(package.index)].append(conflict) }
    }

    func requirements(of package: PackageID) -> [Requirement] { requirementsByPackage[Int(package.index)] }
    func conflicts(of package: PackageID) -> [Conflict] { conflictsByPackage[Int(package.index)] }
    func describe(_ package: PackageID) -> String { "package \(package.index)" }
    func describe(requirement label: Int32, of package: PackageID) -> String { "requires \(label)" }
    func describe(conflict label: Int32, of package: PackageID) -> String { "conflicts \(label)" }

    /// Which fact of this universe `fact`, as a solver of this universe says it, is.
    func index(of fact: Explanation.Fact) -> Int? {
        switch fact {
        case .requested(let label, _), .requires(_, let label, _, _), .nothingProvides(_, let label),
            .conflicts(_, let label, _):
            Int(label)
        case .forbidden(let package): exclusions[package]
        }
    }
}
