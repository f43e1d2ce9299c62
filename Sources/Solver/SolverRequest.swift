/// What is to be installed on an empty system.
package struct SolverRequest: Hashable, Sendable {
    /// What is asked for, in order. Labels are the caller's own, for example numbers of lines in package sets.
    package var items: [Requirement]
    /// Packages that must not be installed.
    package var forbidden: [PackageID]
    /// Whether optional requirements of packages (Recommends) are followed. Optional items are tried in any case.
    package var takesOptionalRequirements: Bool
    package var limits: SolverLimits

    package init(
        items: [Requirement], forbidden: [PackageID] = [], takesOptionalRequirements: Bool = false,
        limits: SolverLimits = .standard
    ) {
        self.items = items
        self.forbidden = forbidden
        self.takesOptionalRequirements = takesOptionalRequirements
        self.limits = limits
    }
}

/// How much work one solve may be. The limits are far above what real archives need.
package struct SolverLimits: Hashable, Sendable {
    /// Choices made, those taken back included.
    package var decisions: Int
    /// Dead ends met.
    package var conflicts: Int

    package init(decisions: Int, conflicts: Int) {
        self.decisions = decisions
        self.conflicts = conflicts
    }

    package static let standard = SolverLimits(decisions: 20_000_000, conflicts: 100_000)
}

/// A solve was given up: whether the request can be met is not known.
package struct SolverLimitReached: Error, Hashable, CustomStringConvertible {
    package enum Kind: String, Sendable { case decisions, conflicts }

    package let kind: Kind
    package let limit: Int

    package init(kind: Kind, limit: Int) {
        self.kind = kind
        self.limit = limit
    }

    package var description: String { "the solver gave up after \(limit) \(kind.rawValue)" }
}

/// The answer to a request.
package enum SolverOutcome: Hashable, Sendable {
    case solved(Solution)
    case impossible(Explanation)
}
