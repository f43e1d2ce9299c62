package import Darksites
package import Declaration
package import Locking
import Primitives
import Transfer

/// A distribution as it is locked, opened for questions: nothing is written, and nothing of the lock moves.
package struct OpenDistribution: Sendable {
    /// What deploy.yaml says of it.
    package let declaration: Declaration.Distribution
    /// What the declaration and its sets ask for today.
    package let request: ResolutionRequest
    /// nil where nothing is locked yet: then the catalog is that of today's archive.
    package let locked: LockedDistribution?
    /// The packages that can be asked about; what was locked holds in it.
    package let catalog: Catalog
}

extension Project {
    /// Opens the distribution called `name` at the locked snapshot, or at today's where none is locked.
    ///
    /// Throws `UnknownDistribution`, and whatever reading the package sets, the lock and the indexes throws.
    package func open(distribution name: String) async throws -> OpenDistribution {
        let keeper = LockKeeper(project: self)
        guard let (declaration, request) = try keeper.requests(naming: [name]).first(where: { $0.0.name == name })
        else {
            throw UnknownDistribution(name: name, known: self.declaration.distributions.map(\.name))
        }
        let locked = try keeper.existing()?[name]
        let snapshot = try await keeper.snapshot(of: declaration, locked)
        let catalog = try await catalogs.catalog(
            of: snapshot, for: request, keeping: LockHold(locked), fetch: packageFetch())
        return OpenDistribution(declaration: declaration, request: request, locked: locked, catalog: catalog)
    }
}
