/// What is to be installed on an empty system.
package struct SolverRequest: Hashable, Sendable {
    /// What is asked for, in order. Labels are the caller's own, for example numbers of lines in package sets.
    package var items: [Requirement]
    /// Packages that must not be installed.
    package var forbidden: [PackageID]
    /// Whether optional requirements of packages (Recommends) are followed. Optional items are tried in any case.
    package var takesOptionalRequirements: Bool
    /// Where the solver gives up.
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

    /// What a request has that names none.
    package static let standard = SolverLimits(decisions: 20_000_000, conflicts: 100_000)
}

/// A solve was given up: whether the request can be met is not known.
package struct SolverLimitReached: Error, Hashable, CustomStringConvertible {
    /// What was counted, as it stands in the sentence of the error.
    package enum Kind: String, Sendable { case decisions, conflicts }

    /// Which of the limits it was.
    package let kind: Kind
    /// How many there were allowed to be.
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
