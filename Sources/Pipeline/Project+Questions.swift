import APT
package import Darksites
import Primitives

/// What a question about one distribution is answered from.
package struct QuestionGround: Sendable {
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
            isStale: open.locked.map { $0.declaration != open.request.declaration } ?? false,
            profiles: open.request.profiles.map(\.name))
    }
}

extension Project {
    /// Why `package` (`name`, `name:architecture`, `name=version`, `name/suite`) is in the mirror of `distribution`, or is not.
    ///
    /// Throws `UnknownDistribution`, `PackageRequestError` where nobody knows the name, and what resolving throws.
    package func why(
        _ package: String, in distribution: String
    ) async throws -> (inquiry: PackageInquiry, ground: QuestionGround) {
        let request = try PackageRequest(package)
        let open = try await open(distribution: distribution)
        let inquiry = try await BlockingWork.run { [store] in
            let resolution = try Resolver(store: store).resolve(open.request, in: open.catalog)
            return try PackageInquiry(request, of: open.request, in: resolution.profiles, catalog: open.catalog)
        }
        return (inquiry, QuestionGround(open))
    }

    /// What the profiles and sets of `distribution` weigh; without one, of each that is declared.
    package func sizes(of distribution: String?) async throws -> [(sizes: ProfileSizes, ground: QuestionGround)] {
        var result: [(ProfileSizes, QuestionGround)] = []
        for name in distribution.map({ [$0] }) ?? declaration.distributions.map(\.name) {
            let open = try await open(distribution: name)
            let sizes = try await BlockingWork.run { [store] in
                let resolution = try Resolver(store: store).resolve(open.request, in: open.catalog)
                return ProfileSizes(of: open.request, in: resolution.profiles)
            }
            result.append((sizes, QuestionGround(open)))
        }
        return result
    }
}
