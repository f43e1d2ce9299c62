import Primitives
import Solver

/// A small universe made by chance, whose answers can be found by trying all sets of packages.
struct RandomUniverse: PackageUniverse {
    let packageCount: Int
    var policy = ChoicePolicy.fewest
    private(set) var requirements: [[Requirement]] = []
    private(set) var conflicts: [[Conflict]] = []
    private(set) var request = SolverRequest(items: [])

    init(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let count = Int.random(in: 3...11, using: &random)
        packageCount = count
        let density = Int.random(in: 0...3, using: &random)
        let conflictDensity = Int.random(in: 0...3, using: &random)
        let withConditions = Bool.random(using: &random)
        func some(_ range: ClosedRange<Int>) -> [PackageID] {
            (0..<Int.random(in: range, using: &random)).map { _ in PackageID(Int.random(in: 0..<count, using: &random))
            }
        }
        for package in 0..<count {
            requirements.append(
                (0..<Int.random(in: 0...density, using: &random)).map { label in
                    Requirement(
                        candidates: some(Int.random(in: 0...12, using: &random) == 0 ? 0...0 : 1...3),
                        label: Int32(label),
                        isOptional: Int.random(in: 0...5, using: &random) == 0,
                        given: withConditions && Int.random(in: 0...3, using: &random) == 0 ? some(1...2) : [])
                })
            conflicts.append(
                (0..<Int.random(in: 0...conflictDensity, using: &random)).map { label in
                    Conflict(packages: some(0...2).filter { $0 != PackageID(package) }, label: Int32(label))
                })
        }
        request.items = (0..<Int.random(in: 1...4, using: &random)).map { label in
            Requirement(
                candidates: some(1...2), label: Int32(label), isOptional: Int.random(in: 0...4, using: &random) == 0)
        }
        request.forbidden = Int.random(in: 0...3, using: &random) == 0 ? some(1...2) : []
        request.takesOptionalRequirements = Bool.random(using: &random)
    }

    func requirements(of package: PackageID) -> [Requirement] { requirements[Int(package.index)] }
    func conflicts(of package: PackageID) -> [Conflict] { conflicts[Int(package.index)] }
    func describe(_ package: PackageID) -> String { "p\(package.index)" }
    func describe(requirement label: Int32, of package: PackageID) -> String { "requires \(label)" }
    func describe(conflict label: Int32, of package: PackageID) -> String { "conflicts \(label)" }

    /// Whether a set of packages, as bits, has no conflict in it and meets what `isKept` selects of what it requires.
    func isValid(_ set: Int, items: [Requirement], isKept: (Requirement) -> Bool = { !$0.isOptional }) -> Bool {
        func has(_ package: PackageID) -> Bool { set & (1 << Int(package.index)) != 0 }
        func holds(_ requirement: Requirement) -> Bool {
            !isKept(requirement) || !requirement.given.allSatisfy(has) || requirement.candidates.contains(where: has)
        }
        if request.forbidden.contains(where: has) || !items.allSatisfy(holds) { return false }
        return (0..<packageCount).allSatisfy { package in
            set & (1 << package) == 0
                || requirements[package].allSatisfy { $0.candidates.contains(PackageID(package)) || holds($0) }
                    && conflicts[package].allSatisfy { !$0.packages.contains(where: has) }
        }
    }

    /// Whether any set of packages meets `items`.
    func canMeet(_ items: [Requirement]) -> Bool {
        (0..<(1 << packageCount)).contains { isValid($0, items: items) }
    }
}
