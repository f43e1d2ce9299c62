import Solver

/// A relation as clauses over packages, as libsolv normalizes it (cplxdeps.c): a conjunction of disjunctions, or the other
/// way round. A literal is `package + 1` for one that is installed, and its negative for one that is not.
enum RelationClauses {
    case never
    case always
    case clauses([[Int32]])

    /// A relation that grows beyond so many literals is an attack.
    static let literalLimit = 1_000_000

    /// Of one package each where `isDisjunction`, all in one otherwise.
    init(_ packages: [Int32], isDisjunction: Bool) {
        if packages.isEmpty {
            self = .never
        } else {
            self = .clauses(isDisjunction ? packages.map { [$0 + 1] } : [packages.map { $0 + 1 }])
        }
    }

    /// The opposite; it turns one normal form into the other.
    var inverted: RelationClauses {
        switch self {
        case .never: .always
        case .always: .never
        case .clauses(let all): .clauses(all.map { $0.map { -$0 }.sorted() })
        }
    }

    func or(_ other: RelationClauses, isDisjunction: Bool) -> RelationClauses {
        switch (self, other) {
        case (.always, _), (_, .always): .always
        case (.never, let one), (let one, .never): one
        case (.clauses(let a), .clauses(let b)):
            isDisjunction ? .clauses(a + b) : Self.distributed(a, b, empty: .always)
        }
    }

    func and(_ other: RelationClauses, isDisjunction: Bool) -> RelationClauses {
        switch (self, other) {
        case (.never, _), (_, .never): .never
        case (.always, let one), (let one, .always): one
        case (.clauses(let a), .clauses(let b)): isDisjunction ? Self.distributed(a, b, empty: .never) : .clauses(a + b)
        }
    }

    private static func distributed(_ a: [[Int32]], _ b: [[Int32]], empty: RelationClauses) -> RelationClauses {
        var result: [[Int32]] = []
        var size = 0
        for one in a {
            for other in b {
                let merged = Set(one).union(other)
                // A literal and its opposite: the clause says nothing.
                if merged.contains(where: { merged.contains(-$0) }) { continue }
                result.append(merged.sorted())
                size += merged.count
                if size > literalLimit { return .never }
            }
        }
        return result.isEmpty ? empty : .clauses(result)
    }
}
