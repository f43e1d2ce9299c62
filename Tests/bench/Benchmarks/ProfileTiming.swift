import Darksites
import Declaration
import Locking
import Pipeline
import Primitives
import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// Resolves profiles as `./deploy resolve` would, from the declaration on, and says where the time went.
enum ProfileTiming {
    /// `names` are distributions, each with all its profiles or one: "debian", "debian/core".
    static func run(folder: String, of names: [String]) async throws {
        let start = ContinuousClock.now
        var last = start
        var parts: [String] = []
        func part(_ name: String) {
            parts.append("\(name) \(Benchmarks.shown(ContinuousClock.now - last))")
            last = .now
        }
        let folder = FilePath(folder)
        var environment: [String: String] = [:]
        for name in ["DEPLOY_CACHE", "HOME", "PATH"] {
            environment[name] = getenv(name).map { String(cString: $0) }
        }
        let surroundings = Surroundings(
            environment: environment, currentFolder: folder, now: { Int64(time(nil)) }, cores: 2)
        let project = try Project(
            file: folder.appending("deploy.yaml"), in: folder, overrides: DeclarationOverrides(environment: [:]),
            surroundings: surroundings, events: { _ in })
        part("declaration")
        for name in names {
            let words = name.split(separator: "/").map(String.init)
            let open = try await project.open(distribution: words[0])
            part("open")
            var request = open.request
            request.profiles.removeAll { words.count > 1 && $0.name != words[1] }
            let resolution = try Resolver().resolve(request, in: open.catalog)
            part("\(request.profiles.count) profiles of \(words[0]), \(resolution.locked.packages.count) packages,")
        }
        print("\(parts.joined(separator: " · ")) · all \(Benchmarks.shown(ContinuousClock.now - start))")
    }
}
