import Declaration
import Primitives
import Solver

/// What solving a profile comes to in words, whatever its packages are.
extension ProfileRequest {
    /// Runs `body`; a limit that it reaches is an error of this profile.
    func run(_ body: () throws(SolverLimitReached) -> SolverOutcome) throws -> SolverOutcome {
        do {
            return try body()
        } catch {
            throw UserErrors([ResolutionTooHard(profile: name, limit: "\(error)")])
        }
    }

    /// That an optional line asks for what does not exist.
    func remark(onMissing entry: PackageSetEntry, _ error: any UserError) -> String {
        "\(entry.location): \(name) goes without the optional \(entry.text): \(error.what)"
    }

    /// The optional lines that could not be had beside the rest.
    func remarks(onDropped solution: Solution, _ wishes: [SolvedProfile.Wish]) -> [String] {
        solution.dropped.compactMap { dropped in
            guard case .requested(let label) = dropped.source else { return nil }
            return "\(name) goes without \(wishes[Int(label)].words): it can't be had beside the rest"
        }
    }
}
