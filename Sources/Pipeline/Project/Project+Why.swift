import APT
package import Darksites
import Locking
import Packages
import Primitives

extension Project {
    /// Why `package` (`name`, `name:architecture`, `name=version`, `name/suite`) is in the mirror of `distribution`, or is not.
    ///
    /// Throws `UnknownDistribution`, `PackageRequestError` where nobody knows the name, and what resolving throws.
    package func why(
        _ package: String, in distribution: String
    ) async throws -> (inquiry: PackageInquiry, ground: QuestionGround) {
        let open = try await open(distribution: distribution)
        let request = try PackageRequest(package, family: open.request.family)
        let inquiry = try await BlockingWork.run {
            let resolution = try Resolver().resolve(open.request, in: open.catalog)
            return try PackageInquiry(
                request, of: open.request, in: resolution.profiles,
                packages: try open.catalog.packages())
        }
        return (inquiry, QuestionGround(open))
    }
}
