import BuildGraph
import ContentStore
import Darksites
import Declaration
import Evidence
import Locking
import Primitives

/// Finds out which line of a package set brought each package of a lock: the profiles are resolved once more, against the locked
/// snapshot.
struct PackageTracer: Sendable {
    let project: Project
    /// What the declaration and its sets ask for.
    let requests: [(distribution: Declaration.Distribution, request: ResolutionRequest)]

    /// A package of one distribution.
    struct Key: Hashable {
        let name: String
        let version: String
        let architecture: String
    }

    /// What asked for each package in the `profiles` of `locked`. A package whose profile does not resolve to it again is not in it.
    ///
    /// Throws what reading the locked indexes throws, and resolving.
    func origins(
        of locked: LockedDistribution, in profiles: Set<String>
    ) async throws -> [Key: [BillOfMaterials.Origin]] {
        guard let (declared, request) = requests.first(where: { $0.distribution.name == locked.name }) else {
            return [:]
        }
        var narrowed = request
        narrowed.profiles.removeAll { !profiles.contains($0.name) }
        let snapshot = try await LockKeeper(project: project).snapshots(of: declared).locked(locked)
        let catalog = try await project.catalogs.catalog(
            of: snapshot, for: narrowed, keeping: LockHold(locked), fetch: project.packageFetch())
        return try await BlockingWork.run { [narrowed] in
            Self.origins(in: try Resolver().resolve(narrowed, in: catalog).profiles)
        }
    }

    private struct Cause: Hashable {
        let place: String
        let text: String
        let neededBy: String?
    }

    private static func origins(in profiles: [SolvedProfile]) -> [Key: [BillOfMaterials.Origin]] {
        var found: [Key: [(cause: Cause, profiles: [String])]] = [:]
        for profile in profiles {
            let universe = profile.universe
            for package in profile.packages {
                guard let chain = profile.chain(to: package) else { continue }
                let cause = Cause(
                    place: chain.origin.place, text: chain.origin.name, neededBy: chain.links.last?.name)
                let key = Key(
                    name: universe.name(of: package), version: universe.version(of: package),
                    architecture: universe.architecture(of: package))
                if let same = found[key]?.firstIndex(where: { $0.cause == cause }) {
                    found[key]?[same].profiles.append(profile.name)
                } else {
                    found[key, default: []].append((cause, [profile.name]))
                }
            }
        }
        return found.mapValues { origins in
            origins.map { origin in
                BillOfMaterials.Origin(
                    place: origin.cause.place, text: origin.cause.text, neededBy: origin.cause.neededBy,
                    profiles: origin.profiles)
            }
        }
    }
}
