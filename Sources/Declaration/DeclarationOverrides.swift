import Packages
package import Primitives

/// What flags and environment variables say in the place of `deploy.yaml`: flags win over variables.
package struct DeclarationOverrides: Hashable, Sendable {
    /// A value, and where it is from: `--profile` or `PROFILE`.
    package struct Choice: Hashable, Sendable {
        /// As it was given; not empty where it comes from a variable.
        package let value: String
        /// What gave it, for errors: "--profile", "PROFILE".
        package let source: String
    }

    /// The profile that the image is called after, and carries; nil: as declared.
    package let profile: Choice?
    /// The edition in the image's name; nil: as declared.
    package let edition: Choice?
    /// The distribution that the image is called after; nil: as declared.
    package let distribution: Choice?

    /// The flags where they are given, else the variables `PROFILE`, `EDITION` and `KLDLOAD_DISTRO` of `environment`.
    /// An empty variable says nothing.
    package init(
        profile: String? = nil, edition: String? = nil, distribution: String? = nil, environment: [String: String]
    ) {
        func choice(_ flag: String?, _ name: String, _ variable: String) -> Choice? {
            if let flag { return Choice(value: flag, source: name) }
            guard let value = environment[variable], !value.isEmpty else { return nil }
            return Choice(value: value, source: variable)
        }
        self.profile = choice(profile, "--profile", "PROFILE")
        self.edition = choice(edition, "--edition", "EDITION")
        self.distribution = choice(distribution, "--distro", "KLDLOAD_DISTRO")
    }
}

extension Declaration {
    /// This declaration with what `overrides` says: the image is called after that distribution, profile and edition, and
    /// carries the profile, in addition to what it carried.
    ///
    /// Throws where there is no such distribution or profile (with those that exist), or an edition cannot be called so.
    package func applying(_ overrides: DeclarationOverrides) throws(UserErrors) -> Declaration {
        var result = self
        var errors: [Mistake] = []
        if let edition = overrides.edition {
            if let problem = DeclarationReader.problemOfName(edition.value) {
                errors.append(
                    Mistake(
                        "an edition cannot be called \"\(edition.value)\" (\(edition.source))", at: nil, hint: problem))
            }
            result.iso.edition = edition.value
        }
        if let choice = overrides.distribution {
            if self[distribution: choice.value] == nil {
                errors.append(
                    Mistake(
                        "there is no distribution \"\(choice.value)\" (\(choice.source))", at: nil,
                        hint: Self.hint(choice.value, distributions.map(\.name))))
            }
            result.iso.distribution = choice.value
        }
        if let choice = overrides.profile { result.iso.profile = choice.value }
        if let distribution = result[distribution: result.iso.distribution] {
            let profiles = distribution.profiles.map(\.name)
            if !profiles.contains(result.iso.profile) {
                let source = (overrides.profile ?? overrides.distribution).map { " (\($0.source))" } ?? ""
                errors.append(
                    Mistake(
                        "\(distribution.name) has no profile \"\(result.iso.profile)\"\(source)", at: nil,
                        hint: Self.hint(result.iso.profile, profiles)))
            }
        }
        guard errors.isEmpty else { throw UserErrors(errors) }
        if overrides.profile != nil || overrides.distribution != nil { result.carryNamedProfile() }
        return result
    }

    /// Puts the profile that the image is called after among those it carries.
    private mutating func carryNamedProfile() {
        guard let index = iso.darksites.firstIndex(where: { $0.distribution == iso.distribution }) else {
            iso.darksites.append(Darksite(distribution: iso.distribution, profiles: [iso.profile]))
            return
        }
        if !iso.darksites[index].profiles.contains(iso.profile) { iso.darksites[index].profiles.append(iso.profile) }
    }

    private static func hint(_ name: String, _ known: [String]) -> String {
        let list = "deploy.yaml has: \(known.joined(separator: ", "))"
        return NearestNames.nearest(to: name, in: known).map { "did you mean \($0)? \(list)" } ?? list
    }
}
