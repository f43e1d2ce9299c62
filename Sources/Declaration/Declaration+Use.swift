/// A declaration may describe more distributions than a build needs. Only those in use are resolved, locked and asked for;
/// the archives of the others need not be in reach.
extension Declaration {
    /// The distributions that the live system, the builder image or a darksite of the image are made of.
    package var distributionsInUse: Set<String> {
        var used: Set<String> = [live.distribution]
        if case .made(let distribution, _, _) = builder { used.insert(distribution) }
        return used.union(iso.darksites.map(\.distribution))
    }

    /// The profile that the image's live system is made of.
    package var liveProfile: InternalProfile {
        let hasDesktop = iso.darksites.contains { $0.profiles.contains("desktop") }
        return hasDesktop && !live.desktopSets.isEmpty ? .liveDesktop : .live
    }

    /// Of the profiles that are really installed those that the image also carries as they come out of that.
    package func systems(among installed: [String]) -> [String] {
        installed.filter { iso.systems?.contains($0) ?? true }
    }

    /// What is named to be really installed, or to be a system, and is not on the image: a sentence for each place.
    package var idleInstallations: [String] {
        let gates = iso.darksites.flatMap { darksite in
            (self[distribution: darksite.distribution]?.namedInstallations ?? []).filter {
                !darksite.profiles.contains($0)
            }.map { "\(darksite.distribution): gates.install names \($0)" }
        }
        let systems = (iso.systems ?? []).filter { name in !iso.darksites.contains { $0.profiles.contains(name) } }
            .map { "iso.systems names \($0)" }
        return (gates + systems).map { "\($0), which the image does not carry: it is not installed" }
    }

    /// The darksite that stands for a distribution where the image has none of it: with the profile that the image is
    /// called after, or where the distribution has none called so with all its profiles.
    package func darksite(of distribution: Distribution) -> Darksite {
        let profiles = distribution.profiles.map(\.name)
        return Darksite(
            distribution: distribution.name, profiles: profiles.contains(iso.profile) ? [iso.profile] : profiles)
    }
}
