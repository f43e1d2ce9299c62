import APT
import BuildGraph
package import Darksites
import Locking
import Packages
import Primitives

/// Questions about a distribution that change nothing.
extension Project {
    /// What `words` (see ``AdHocRequest``) come to in `distribution`: on top of `profile`, else of the base system, or of
    /// nothing at all.
    ///
    /// Throws `UnknownDistribution`, `UnknownProfile`, `UserErrors` with all words that mean nothing, and
    /// `AdHocImpossible`.
    package func resolve(
        _ words: [String], in distribution: String, profile: String?, isEmpty: Bool, includesRecommends: Bool
    ) async throws -> AdHocAnswer {
        let open = try await openForQuestions(distribution)
        // dnf has no base system: its groups are.
        var ground: AdHocRequest.Ground = isEmpty || open.request.family == .rpm ? .nothing : .base
        if let profile {
            guard let found = open.request.profiles.first(where: { $0.name == profile }) else {
                throw UnknownProfile(
                    name: profile, distribution: distribution, known: open.request.profiles.map(\.name))
            }
            ground = .profile(found)
        }
        let request = try AdHocRequest(
            words, ground: ground, includesRecommends: includesRecommends, family: open.request.family)
        return try await BlockingWork.run {
            try AdHocResolver(catalog: open.catalog, distribution: open.request).solve(request)
        }
    }

    /// Every package of the snapshot of `distribution`: which can be installed at all, and why the others can't.
    package func check(_ distribution: String) async throws -> InstallabilityReport {
        let open = try await openForQuestions(distribution)
        return try await BlockingWork.run {
            try InstallabilityCheck(open.catalog, open.request).report()
        }
    }

    /// The packages of `distribution` whose names and summaries hold all of `words`. Throws `NothingFound` where none does.
    package func search(_ words: [String], in distribution: String) async throws -> [PackageFinding] {
        let open = try await openForQuestions(distribution)
        return try await BlockingWork.run {
            try PackageFinder(catalog: open.catalog, request: open.request, locked: open.locked).find(words)
        }
    }

    private func openForQuestions(_ name: String) async throws -> OpenDistribution {
        let open = try await open(distribution: name)
        if open.locked == nil {
            events(.notice("\(name) is not locked yet: this is about today's archive, and nothing is written"))
        }
        return open
    }
}

/// A profile that the distribution does not have.
struct UnknownProfile: UserError {
    let name: String
    let distribution: String
    let known: [String]
    var what: String { "\(distribution) has no profile \"\(name)\" (--profile)" }
    var hint: String? {
        let list = "deploy.yaml has: \(known.joined(separator: ", "))"
        return NearestNames.nearest(to: name, in: known).map { "did you mean \($0)? \(list)" } ?? list
    }
    var isUsageError: Bool { true }
}
