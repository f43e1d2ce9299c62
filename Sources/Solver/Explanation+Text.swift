extension Explanation {
    private static let namedCandidates = 4

    /// The facts as sentences, and the conclusion as the last. What ends for several packages in the same way is said once.
    ///
    /// `request` names an item of the request; what it returns is put at the start of a sentence.
    package func steps(in universe: any PackageUniverse, request: (Int32) -> String) -> [String] {
        var steps: [String] = []
        var likewise: [(ending: String, step: Int, others: [String])] = []
        for fact in facts {
            let sentence = sentence(fact, universe, request)
            guard let package = fact.endingPackage else {
                steps.append(sentence)
                continue
            }
            let name = universe.describe(package)
            let ending = String(sentence.dropFirst(name.count))
            if let known = likewise.firstIndex(where: { $0.ending == ending }) {
                likewise[known].others.append(name)
            } else {
                likewise.append((ending, steps.count, []))
                steps.append(sentence)
            }
        }
        for (_, step, others) in likewise where !others.isEmpty {
            steps[step] += " So it is with \(Self.several(others))."
        }
        let names = involvedRequestLabels.map(request)
        if names.count > 1 {
            steps.append("So \(Self.list(names, "and")) can't be installed together.")
        } else if let name = names.first {
            steps.append("So \(name) can't be installed.")
        }
        return steps
    }

    /// The steps with their numbers, a line each.
    package func rendered(in universe: any PackageUniverse, request: (Int32) -> String) -> String {
        let steps = steps(in: universe, request: request)
        return steps.enumerated().map { "\($0 + 1). \($1)" }.joined(separator: "\n")
    }

    private func sentence(_ fact: Fact, _ universe: any PackageUniverse, _ request: (Int32) -> String) -> String {
        switch fact {
        case .requested(let label, let candidates):
            guard !candidates.isEmpty else { return "\(request(label)) is requested, but nothing satisfies that." }
            return "\(request(label)) is requested: \(Self.choice(candidates, universe))."
        case .requires(let package, let label, let candidates, let given):
            var text = "\(universe.describe(package)) \(universe.describe(requirement: label, of: package))"
            if !given.isEmpty { text += " beside \(Self.list(given.map(universe.describe), "and"))" }
            guard !candidates.isEmpty else { return text + ", and nothing satisfies that." }
            return text + ": \(Self.choice(candidates, universe))."
        case .nothingProvides(let package, let label):
            let requirement = universe.describe(requirement: label, of: package)
            return "\(universe.describe(package)) \(requirement), and nothing satisfies that."
        case .conflicts(let package, let label, let other):
            let conflict = universe.describe(conflict: label, of: package)
            return "\(universe.describe(package)) \(conflict): not together with \(universe.describe(other))."
        case .forbidden(let package): return "\(universe.describe(package)) is excluded."
        }
    }

    private static func choice(_ candidates: [PackageID], _ universe: any PackageUniverse) -> String {
        if candidates.count == 1 { return "only \(universe.describe(candidates[0])) will do" }
        return several(candidates.map(universe.describe), "or")
    }

    /// A few of `names`, and how many more there are.
    private static func several(_ names: [String], _ conjunction: String = "and") -> String {
        guard names.count > namedCandidates else { return list(names, conjunction) }
        return list(names.prefix(namedCandidates) + ["\(names.count - namedCandidates) more"], "and")
    }

    private static func list(_ names: [String], _ conjunction: String) -> String {
        guard let last = names.last, names.count > 1 else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " \(conjunction) " + last
    }
}

extension Explanation.Fact {
    /// The package that it is about, where nothing follows from it for another one.
    fileprivate var endingPackage: PackageID? {
        switch self {
        case .nothingProvides(let package, _), .conflicts(let package, _, _), .requires(let package, _, [], _): package
        case .requested, .requires, .forbidden: nil
        }
    }
}
