extension Explanation {
    private enum Step {
        case state(Int)
        case bringIn(PackageID)
    }

    /// Orders facts so that each follows what brings its packages in, and a chain stays together.
    static func inReadingOrder(_ facts: [Fact]) -> [Fact] {
        var byPackage: [PackageID: [Int]] = [:]
        var start: [(label: Int32, index: Int)] = []
        for (index, fact) in facts.enumerated() {
            switch fact {
            case .requested(let label, _): start.append((label, index))
            case .requires(let package, _, _, let given):
                byPackage[package, default: []].append(index)
                for package in given { byPackage[package, default: []].append(index) }
            case .nothingProvides(let package, _), .forbidden(let package):
                byPackage[package, default: []].append(index)
            case .conflicts(let package, _, let other):
                byPackage[package, default: []].append(index)
                byPackage[other, default: []].append(index)
            }
        }
        var ordered: [Fact] = []
        var isStated = [Bool](repeating: false, count: facts.count)
        var isIn: Set<PackageID> = []
        var stack: [Step] = start.sorted { $0.label < $1.label }.reversed().map { .state($0.index) }
        while let step = stack.popLast() {
            switch step {
            case .state(let index):
                guard !isStated[index] else { continue }
                isStated[index] = true
                ordered.append(facts[index])
                stack += facts[index].broughtIn.reversed().map { .bringIn($0) }
            case .bringIn(let package):
                guard isIn.insert(package).inserted else { continue }
                let ready = (byPackage[package] ?? []).filter { facts[$0].speaksOf.allSatisfy(isIn.contains) }
                let ends = ready.filter { facts[$0].broughtIn.isEmpty }
                let chains = ready.filter { !facts[$0].broughtIn.isEmpty }
                stack += (ends + chains.sorted { facts[$0].rank < facts[$1].rank }).reversed().map { .state($0) }
            }
        }
        return ordered + facts.indices.filter { !isStated[$0] }.map { facts[$0] }
    }
}

extension Explanation.Fact {
    /// The packages that come into play by this.
    fileprivate var broughtIn: [PackageID] {
        switch self {
        case .requested(_, let candidates), .requires(_, _, let candidates, _): candidates
        default: []
        }
    }

    /// The packages that must be in play for this to matter.
    fileprivate var speaksOf: [PackageID] {
        switch self {
        case .requested: []
        case .requires(let package, _, _, let given): [package] + given
        case .nothingProvides(let package, _), .forbidden(let package): [package]
        case .conflicts(let package, _, let other): [package, other]
        }
    }

    /// Keeps the order of what one package says apart from the order in which a proof was found.
    fileprivate var rank: Int32 {
        switch self {
        case .requested(let label, _), .requires(_, let label, _, _), .nothingProvides(_, let label),
            .conflicts(_, let label, _):
            label
        case .forbidden: -1
        }
    }
}
