package import Darksites
import Declaration
import Locking
import Primitives

extension Project {
    /// What the profiles and sets of `distribution` weigh; without one, of each that is declared.
    package func sizes(of distribution: String?) async throws -> [(sizes: ProfileSizes, ground: QuestionGround)] {
        var result: [(ProfileSizes, QuestionGround)] = []
        for name in distribution.map({ [$0] })
            ?? declaration.distributions.map(\.name).filter(declaration.distributionsInUse.contains)
        {
            let open = try await open(distribution: name)
            let sizes = try await BlockingWork.run {
                let resolution = try Resolver().resolve(open.request, in: open.catalog)
                return ProfileSizes(of: open.request, in: resolution.profiles)
            }
            result.append((sizes, QuestionGround(open)))
        }
        return result
    }
}
