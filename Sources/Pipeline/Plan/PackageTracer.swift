import BuildGraph
import ContentStore
import Darksites
import Declaration
import Evidence
import Locking
import Primitives
import Solver

/// Finds out which line of a package set brought each package of a lock, and what each depends on: the profiles are resolved once more,
/// against the locked snapshot.
struct PackageTracer: Sendable {
    let project: Project
    /// What the declaration and its sets ask for.
    let requests: [(distribution: Declaration.Distribution, request: ResolutionRequest)]

    typealias Key = BillOfMaterials.Name

    /// What is found out about a package.
    struct Trace: Sendable {
        /// What asked for it.
        var origins: [BillOfMaterials.Origin] = []
        /// What it depends on, in any of the profiles.
        var needs: Set<Key> = []
    }

    /// What asked for each package in the `profiles` of `locked`, and what it depends on. A package whose profile does not resolve to
    /// it again is not in it.
    ///
    /// Throws what `chains` throws.
    func traces(of locked: LockedDistribution, in profiles: Set<String>) async throws -> [Key: Trace] {
        Self.traces(try await chains(of: locked, in: profiles))
    }

    /// A package of a profile, what led to it, and those of the profile that it depends on.
    typealias Traced = (profile: String, package: Key, chain: PackageChain, needs: Set<Key>)

    /// The packages of the `profiles` of `locked`, profile after profile, as far as something led to them.
    ///
    /// Throws what reading the locked indexes throws, and resolving.
    func chains(of locked: LockedDistribution, in profiles: Set<String>) async throws -> [Traced] {
        guard let (declared, request) = requests.first(where: { $0.distribution.name == locked.name }) else {
            return []
        }
        var narrowed = request
        narrowed.profiles.removeAll { !profiles.contains($0.name) }
        let snapshot = try await LockKeeper(project: project).snapshots(of: declared).locked(locked)
        let catalog = try await project.catalogs.catalog(
            of: snapshot, for: narrowed, keeping: LockHold(locked), fetch: project.packageFetch())
        return try await BlockingWork.run { [narrowed] in
            try Resolver().resolve(narrowed, in: catalog).profiles.flatMap { profile in
                let universe = profile.universe
                func key(_ package: PackageID) -> Key {
                    Key(
                        name: universe.name(of: package), version: universe.version(of: package),
                        architecture: universe.architecture(of: package))
                }
                return profile.packages.compactMap { package -> Traced? in
                    guard let chain = profile.chain(to: package) else { return nil }
                    return (profile.name, key(package), chain, Set(profile.needs(of: package).map(key)))
                }
            }
        }
    }

    private struct Cause: Hashable {
        let place: String
        let text: String
        let neededBy: String?
    }

    private static func traces(_ traced: [Traced]) -> [Key: Trace] {
        var found: [Key: [(cause: Cause, profiles: [String])]] = [:]
        var traces: [Key: Trace] = [:]
        for (profile, package, chain, needs) in traced {
            let cause = Cause(place: chain.origin.place, text: chain.origin.name, neededBy: chain.links.last?.name)
            if let same = found[package]?.firstIndex(where: { $0.cause == cause }) {
                found[package]?[same].profiles.append(profile)
            } else {
                found[package, default: []].append((cause, [profile]))
            }
            traces[package, default: Trace()].needs.formUnion(needs)
        }
        for (package, causes) in found {
            traces[package]?.origins = causes.map { cause, profiles in
                BillOfMaterials.Origin(
                    place: cause.place, text: cause.text, neededBy: cause.neededBy, profiles: profiles)
            }
        }
        return traces
    }
}
