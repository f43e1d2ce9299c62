import Primitives

/// Two locks between which there is no way that a package manager would go.
package struct DeltaError: UserError, Equatable {
    /// Why not.
    package enum Problem: Sendable, Equatable {
        /// Nothing moved in any profile of any distribution.
        case nothingMoved(from: String, to: String)
        /// The two have no distribution in common of those that the medium is for.
        case noDistribution(asked: [String], from: String, to: String)
        /// The two have no profile in common of those that the medium is for.
        case noProfile(distribution: String, asked: [String], old: [String])
        /// Other machines: by their architecture, or by the kind of their packages.
        case otherMachine(distribution: String, from: String, to: String)
        /// Packages whose version would become an older one.
        case goesBack(distribution: String, packages: [String])
        /// The package lists that the old machines have can't be had.
        case unknownPackage(distribution: String, package: String)
        /// The solver found that something is missing, or too much; its reasons.
        case notClosed(distribution: String, profile: String, what: String, details: [String])
    }

    /// Why there is none.
    package let problem: Problem

    package init(_ problem: Problem) { self.problem = problem }

    package var what: String {
        switch problem {
        case .nothingMoved(let from, let to):
            "nothing moved from \(from) to \(to): there is nothing to bring to a machine"
        case .noDistribution(let asked, let from, let to):
            "\(from) and \(to) have no distribution in common of those asked for: \(asked.joined(separator: ", "))"
        case .noProfile(let distribution, let asked, _):
            "\(distribution): the two locks have no profile in common of those asked for: \(asked.joined(separator: ", "))"
        case .otherMachine(let distribution, let from, let to):
            "\(distribution): machines of \(from) can't become machines of \(to)"
        case .goesBack(let distribution, let packages):
            "\(distribution): \(packages.count.counted("package")) would go back to an older version"
        case .unknownPackage(let distribution, let package):
            "\(distribution): the indexes of the earlier lock don't have \(package), which machines are to have from it"
        case .notClosed(let distribution, let profile, let what, _):
            "\(distribution): machines of profile \(profile) could not be updated: \(what)"
        }
    }

    package var details: [String] {
        switch problem {
        case .goesBack(_, let packages):
            packages.prefix(12) + (packages.count > 12 ? ["and \(packages.count - 12) more"] : [])
        case .notClosed(_, _, _, let details): details
        default: []
        }
    }

    package var hint: String? {
        switch problem {
        case .noProfile(_, _, let old):
            "the earlier lock has: \(old.joined(separator: ", ")); --profile names another one"
        case .goesBack:
            "name the earlier one first; what goes back on purpose has to come as a higher version, or by a full image"
        case .unknownPackage: "name the ISO in the place of its lock: it has its packages' index on it"
        default: nil
        }
    }

    package var isUsageError: Bool {
        switch problem {
        case .noDistribution, .noProfile, .otherMachine: true
        default: false
        }
    }
}
