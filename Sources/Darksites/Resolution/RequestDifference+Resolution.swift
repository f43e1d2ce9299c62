package import Locking

extension RequestDifference {
    /// Compares `old`, nil where the lock has no section, with `request`.
    package init(from old: LockedDistribution?, to request: ResolutionRequest) {
        self.init(
            from: old, to: request.asked, architecture: request.architecture,
            sets: request.profiles.map { ($0.name, $0.sets) })
    }
}
