import Declaration
package import Primitives
import Solver

/// What each profile of a distribution weighs, and which set is to be thanked for it.
package struct ProfileSizes: Hashable, Sendable {
    /// A number of packages and their bytes.
    package struct Load: Hashable, Sendable {
        /// How many; those that the build makes count here, and as no bytes.
        package var packages = 0
        /// Of the package files.
        package var download = ByteCount.zero
        /// What Installed-Size estimates.
        package var installed = ByteCount.zero

        static func += (a: inout Load, b: Weight) {
            a.packages += 1
            a.download = a.download + b.download
            a.installed = a.installed + b.installed
        }
    }

    /// Of one package.
    struct Weight { let download, installed: ByteCount }

    /// A package that weighs much, and why it is there.
    package struct Heavy: Hashable, Sendable {
        /// "linux-image-6.12.57+deb13-amd64"
        package let name: String
        /// As its package manager spells it.
        package let version: String
        /// Of the package file.
        package let download: ByteCount
        /// What the package estimates; zero where it doesn't.
        package let installed: ByteCount
        /// The shortest way from a line to it.
        package let chain: PackageChain
    }

    /// What a profile has in common with another one.
    package struct Shared: Hashable, Sendable {
        /// The other profile's name.
        package let with: String
        /// What both have.
        package let load: Load
    }

    /// What one profile weighs.
    package struct Profile: Hashable, Sendable {
        /// "server"
        package let name: String
        /// "server", by the files it is made of, included ones too.
        package let sets: [String]
        /// All that it installs.
        package let total: Load
        /// What no other profile has.
        package let own: Load
        /// The largest downloads, the largest first.
        package let heaviest: [Heavy]
        /// With each other profile that has anything in common with this one, in the order of the declaration.
        package let shared: [Shared]
    }

    /// What one package set weighs.
    package struct Set: Hashable, Sendable {
        /// "server": the file's name without ".txt".
        package let name: String
        /// "package-sets/debian/server.txt"
        package let file: String
        /// The profiles that are made of it.
        package let profiles: [String]
        /// How many packages its lines ask for.
        package let lines: Int
        /// What would leave the lock if the set were empty: packages that only it brings, in any profile.
        package let only: Load
    }

    /// "debian"
    package let distribution: String
    /// In the order of the request.
    package let profiles: [Profile]
    /// Each file once, by its path.
    package let sets: [Set]
    /// All profiles together, each package once.
    package let total: Load

    /// Weighs what `request` resolved to; `heaviest` packages of each profile are named.
    package init(of request: ResolutionRequest, in solved: [SolvedProfile], heaviest: Int = 10) {
        distribution = request.distribution
        var weights: [PackageID: Weight] = [:]
        for profile in solved {
            for package in profile.packages where weights[package] == nil {
                let details = try? profile.universe.file(of: package)
                weights[package] = Weight(
                    download: details?.size ?? .zero, installed: details?.installedSize ?? .zero)
            }
        }
        func load(_ packages: some Sequence<PackageID>) -> Load {
            packages.reduce(into: Load()) { load, package in if let weight = weights[package] { load += weight } }
        }
        let members = solved.map { Swift.Set($0.packages) }
        let files = Dictionary(request.profiles.map { ($0.name, $0.sets.files) }) { first, _ in first }
        profiles = solved.indices.map { index in
            let profile = solved[index]
            let others = solved.indices.filter { $0 != index }
            var own = members[index]
            for other in others { own.subtract(members[other]) }
            let shared = others.map {
                Shared(with: solved[$0].name, load: load(members[index].intersection(members[$0])))
            }
            return Profile(
                name: profile.name, sets: (files[profile.name] ?? []).map(Self.name(ofFile:)),
                total: load(profile.packages), own: load(own),
                heaviest: Self.heaviest(heaviest, of: profile, weights), shared: shared.filter { $0.load.packages > 0 })
        }
        let union = members.reduce(into: Swift.Set<PackageID>()) { $0.formUnion($1) }
        total = load(union)
        let all = Swift.Set(request.profiles.flatMap(\.sets.files)).sorted()
        sets = all.map { file in
            let with = request.profiles.filter { $0.sets.files.contains(file) }
            var left: Swift.Set<PackageID> = []
            for (index, profile) in solved.enumerated() {
                let isInvolved = files[profile.name]?.contains(file) ?? false
                let sets = request.profiles.first { $0.name == profile.name }?.sets
                left.formUnion(isInvolved ? profile.packages(without: file, sets?.repeated ?? []) : members[index])
            }
            let lines = with.flatMap(\.sets.entries).filter { $0.location.file == file && $0.kind != .forbidden }
            return Set(
                name: Self.name(ofFile: file), file: file, profiles: with.map(\.name), lines: Swift.Set(lines).count,
                only: load(union.subtracting(left)))
        }
    }

    private static func name(ofFile file: String) -> String {
        let name = file.split(separator: "/").last.map(String.init) ?? file
        return name.hasSuffix(".txt") ? String(name.dropLast(4)) : name
    }

    private static func heaviest(
        _ count: Int, of profile: SolvedProfile, _ weights: [PackageID: Weight]
    ) -> [Heavy] {
        let sorted = profile.packages.map { ($0, weights[$0] ?? Weight(download: .zero, installed: .zero)) }
            .sorted { ($1.1.download, $0.0) < ($0.1.download, $1.0) }
        return sorted.prefix(count).compactMap { package, weight in
            profile.chain(to: package).map {
                Heavy(
                    name: profile.universe.name(of: package), version: profile.universe.version(of: package),
                    download: weight.download, installed: weight.installed, chain: $0)
            }
        }
    }
}

extension SolvedProfile {
    /// What of the solution would still be reached if the lines of the set in `file` were not there. Lines in `repeated` say
    /// again what another set says, and hold where that other line goes.
    ///
    /// This follows what was chosen; with fewer wishes a solver might choose otherwise among alternatives.
    func packages(without file: String, _ repeated: [PackageSetEntry]) -> Set<PackageID> {
        let remaining = Set(repeated.filter { $0.location.file != file }.map { Array($0.meaning.dropFirst()) })
        var isReached: Set<PackageID> = []
        var queue: [PackageID] = []
        func reach(_ package: PackageID) { if isReached.insert(package).inserted { queue.append(package) } }
        for (label, wish) in wishes.enumerated() {
            if case .line(let entry) = wish, entry.location.file == file,
                !remaining.contains(Array(entry.meaning.dropFirst()))
            {
                continue
            }
            if case .module = wish, !hasZFS(without: file, remaining) { continue }
            answers[label].forEach(reach)
        }
        while let package = queue.popLast() {
            for requirement in universe.requirements(of: package)
            where !requirement.isOptional && requirement.given.allSatisfy(solution.contains) {
                if let next = requirement.candidates.first(where: solution.contains) { reach(next) }
            }
        }
        return isReached
    }

    private func hasZFS(without file: String, _ remaining: Set<[String]>) -> Bool {
        wishes.contains { wish in
            guard case .line(let entry) = wish, entry.name == "zfsutils-linux" else { return false }
            return entry.location.file != file || remaining.contains(Array(entry.meaning.dropFirst()))
        }
    }
}
