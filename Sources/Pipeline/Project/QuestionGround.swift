import Darksites
import Declaration
import Locking

/// What a question about one distribution is answered from.
package struct QuestionGround: Sendable {
    /// "debian"
    package let distribution: String
    /// Whether deploy.lock has it; else it is today's archive that is spoken of.
    package let isLocked: Bool
    /// Whether the declaration or its sets changed since it was locked: the answer is about what the next build locks.
    package let isStale: Bool
    /// All profiles in the order of the declaration, those of the build itself last.
    package let profiles: [String]

    init(distribution: String, isLocked: Bool, isStale: Bool, profiles: [String]) {
        self.distribution = distribution
        self.isLocked = isLocked
        self.isStale = isStale
        self.profiles = profiles
    }

    init(_ open: OpenDistribution) {
        self.init(
            distribution: open.declaration.name, isLocked: open.locked != nil,
            isStale: open.locked != nil && !RequestDifference(from: open.locked, to: open.request).isEmpty,
            profiles: open.request.profiles.map(\.name))
    }
}
