package import APT
package import Declaration
package import Primitives
import Solver

/// Why a package is in a mirror, or why it is not.
package struct PackageInquiry: Hashable, Sendable {
    /// A package that is in, and what brings it.
    package struct Member: Hashable, Sendable {
        /// "htop"
        package let name: String
        /// As its package manager spells it.
        package let version: String
        /// "amd64", "all".
        package let architecture: String
        /// Of the package file; nil for one that the build makes, and where the index does not say.
        package let size: ByteCount?
        /// As the package estimates it, zero where it doesn't; nil where `size` is.
        package let installedSize: ByteCount?
        /// One for each way in which it comes in; never empty.
        package let reasons: [Reason]

        /// In the order of the declaration.
        package var profiles: [String] { reasons.flatMap(\.profiles) }
    }

    /// Profiles in which a package is there for the same reason.
    package struct Reason: Hashable, Sendable {
        /// In the order of the declaration.
        package var profiles: [String]
        /// The shortest way from what is asked for to the package.
        package let chain: PackageChain
    }

    /// A line about the package that asked for nothing, and the profiles it is in.
    package struct Line: Hashable, Sendable {
        /// In the order of the declaration.
        package var profiles: [String]
        /// The line, with its place.
        package let entry: PackageSetEntry
    }

    /// A relation of a package that is in, to the package that isn't.
    package struct Mention: Hashable, Sendable {
        /// The name of the package that is in.
        package let package: String
        /// Its version.
        package let version: String
        /// "Recommends"
        package let field: String
        /// With all its alternatives: "exim4 | mail-transport-agent".
        package let relation: String
        /// The package of the mirror that answers the relation instead.
        package let answer: String?
    }

    /// The name that was asked for, and the question as it was written: "htop", "htop=3.4.1-5".
    package let name: String
    package let question: String
    /// The packages of this name that are in.
    package let members: [Member]
    /// Packages of this name that are in, and are of another version, suite or architecture than was asked for.
    package let others: [Member]
    /// Packages that are in and provide the name.
    package let providers: [Member]
    /// Packages of the archive that provide the name and are not in, by name.
    package let otherProviders: [String]
    /// The versions that the archive has, as "3.4.1-5 amd64, debian trixie/main".
    package let available: [String]
    /// Lines `-name`, and lines `name?` that could not be had.
    package let forbidden: [Line]
    package let dropped: [Line]
    /// Who speaks of the package; looked for only where it isn't in.
    package let mentions: [Mention]

    /// Whether what was asked for is there, or something that provides it; `others` do not count.
    package var isInMirror: Bool { !members.isEmpty || !providers.isEmpty }

    /// Whether the archive has no package of this name, and others provide it.
    package var isVirtual: Bool { available.isEmpty }
}

extension PackageInquiry {
    /// Asks for `request` in what `request.profiles` resolved to.
    ///
    /// Throws `PackageRequestError` where neither the archive nor a package set knows the name.
    package init(
        _ asked: PackageRequest, of request: ResolutionRequest, in profiles: [SolvedProfile],
        packages: any CatalogPackages
    ) throws(PackageRequestError) {
        let named = packages.packages(named: asked.name)
        // A version or a suite is one of the package itself.
        let isPlain = asked.version == nil && asked.suite == nil
        let providing = isPlain || named.isEmpty ? packages.providers(of: asked.name) : []
        name = asked.name
        question = asked.description
        available = named.map { package in
            let origin = packages.sources(of: package).map(\.shown).joined(separator: ", ")
            return "\(packages.version(of: package)) \(packages.architecture(of: package)), \(origin)"
        }
        members = named.filter { asked.isAnswered(by: $0, in: packages) }
            .compactMap { Self.member($0, in: profiles, packages) }
        others = named.filter { !asked.isAnswered(by: $0, in: packages) }
            .compactMap { Self.member($0, in: profiles, packages) }
        providers = providing.compactMap { Self.member($0, in: profiles, packages) }
        let present = Set(providers.map(\.name))
        otherProviders = Set(providing.map { packages.name(of: $0) }).subtracting(present).sorted()
        forbidden = Self.lines(in: request) { entry, _ in entry.kind == .forbidden && entry.name == asked.name }
        let isIn = !members.isEmpty || !others.isEmpty
        dropped = Self.lines(in: request) { entry, _ in !isIn && entry.kind == .optional && entry.name == asked.name }
        guard !named.isEmpty || !providing.isEmpty || !forbidden.isEmpty || !dropped.isEmpty else {
            throw PackageRequestError(
                request: asked.name, problem: .unknownName(nearest: packages.nearestNames(to: asked.name)))
        }
        mentions = isIn ? [] : Self.mentions(of: asked.name, in: profiles, packages)
    }

    private static func member(
        _ package: PackageID, in profiles: [SolvedProfile], _ packages: any CatalogPackages
    ) -> Member? {
        var reasons: [Reason] = []
        for profile in profiles {
            guard let chain = profile.chain(to: package) else { continue }
            if let same = reasons.firstIndex(where: { $0.chain == chain }) {
                reasons[same].profiles.append(profile.name)
            } else {
                reasons.append(Reason(profiles: [profile.name], chain: chain))
            }
        }
        guard !reasons.isEmpty else { return nil }
        let file = try? packages.file(of: package)
        return Member(
            name: packages.name(of: package), version: packages.version(of: package),
            architecture: packages.architecture(of: package), size: file?.size, installedSize: file?.installedSize,
            reasons: reasons)
    }

    private static func lines(
        in request: ResolutionRequest, where isMeant: (PackageSetEntry, ProfileRequest) -> Bool
    ) -> [Line] {
        var lines: [Line] = []
        for profile in request.profiles {
            for entry in profile.sets.entries where isMeant(entry, profile) {
                if let same = lines.firstIndex(where: { $0.entry == entry }) {
                    lines[same].profiles.append(profile.name)
                } else {
                    lines.append(Line(profiles: [profile.name], entry: entry))
                }
            }
        }
        return lines
    }

    /// What packages of the profiles say about `name`, the stronger relations first.
    private static func mentions(
        of name: String, in profiles: [SolvedProfile], _ packages: any CatalogPackages
    ) -> [Mention] {
        let members = Set(profiles.flatMap(\.packages))
        let inMirror = Set(members.map { packages.name(of: $0) })
        var found: [(mention: Mention, weakness: Int)] = []
        for package in members.sorted() {
            for mention in packages.mentions(of: [name], by: package) {
                let others = mention.names.filter { $0 != name }
                let answer =
                    others.first(where: inMirror.contains)
                    ?? mention.names.lazy.compactMap { other in
                        packages.providers(of: other).first(where: members.contains).map { packages.name(of: $0) }
                    }.first
                let said = Mention(
                    package: packages.name(of: package), version: packages.version(of: package), field: mention.field,
                    relation: mention.relation, answer: answer)
                found.append((said, mention.weakness))
            }
        }
        return found.sorted { ($0.weakness, $0.mention.package) < ($1.weakness, $1.mention.package) }.map(\.mention)
    }
}

extension PackageRequest {
    /// Whether `package`, which is called so, has the version, the suite and the architecture that are asked for.
    fileprivate func isAnswered(by package: PackageID, in packages: any CatalogPackages) -> Bool {
        if let architecture, packages.architecture(of: package) != architecture { return false }
        if let version, packages.version(of: package) != version { return false }
        if let suite, !packages.isFrom(suite, package) { return false }
        return true
    }
}
