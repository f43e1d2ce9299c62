import BuildGraph
import Darksites

/// A declaration may describe more distributions than a build needs. Only those in use are resolved, locked and asked for;
/// the archives of the others need not be in reach.
extension Declaration {
    /// The distributions that the live system, the builder image or a darksite of the image are made of.
    package var distributionsInUse: Set<String> {
        var used: Set<String> = [live.distribution]
        if case .made(let distribution, _, _) = builder { used.insert(distribution) }
        return used.union(iso.darksites.map(\.distribution))
    }

    /// Whether the image that RPM packages are judged in is needed when the distributions `named` are in use, too. It stays
    /// `locked` as long as there is a use for it, as what is locked of a distribution stays when it is not in use.
    func usesRPM(naming named: Set<String>, locked: Lock?) -> Bool {
        let rpm = distributions.filter { $0.family == .rpm && !$0.isOnline }.map(\.name)
        guard distributionsInUse.union(named).isDisjoint(with: rpm) else { return true }
        guard case .made(let distribution, _, _) = builder, let locked = locked?[distribution] else { return false }
        return !rpm.isEmpty && !locked.packages(of: InternalProfile.rpmBuilder.rawValue).isEmpty
    }

    /// The declared distributions that `targets` of a build mean: by their name, by a step of theirs ("ubuntu/mirror"), or
    /// by the number of a stage that is called like them.
    package func distributions(named targets: [String]) -> Set<String> {
        let names = targets.map { target in
            let stage = BuildStage.all.first { String($0.number) == target }
            return stage?.name ?? target.prefix { $0 != "/" }.description
        }
        // One stage makes the darksites of all that have RPM packages.
        let all = targets.contains { [BuildStage.rpm.name, String(BuildStage.rpm.number)].contains($0) }
        return Set(
            distributions.filter { names.contains($0.name) || (all && $0.family == .rpm && !$0.isOnline) }.map(\.name))
    }

    /// The darksite that stands for a distribution where the image has none of it: with the profile that the image is
    /// called after, or where the distribution has none called so with all its profiles.
    func darksite(of distribution: Distribution) -> Darksite {
        let profiles = distribution.profiles.map(\.name)
        return Darksite(
            distribution: distribution.name, profiles: profiles.contains(iso.profile) ? [iso.profile] : profiles)
    }
}
