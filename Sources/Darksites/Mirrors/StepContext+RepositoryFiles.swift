import BuildGraph
import ContentStore
import Primitives

extension StepContext {
    /// Puts `files` into the store, and into `tree`. Throws `TreeError` where it has other files in their places.
    func add(_ files: [RepositoryFile], to tree: inout FileTree) async throws {
        for file in files { try tree.set(.file(try await store.insert(file.bytes)), at: file.path) }
    }
}
