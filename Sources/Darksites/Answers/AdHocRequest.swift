package import APT
package import Packages
package import Primitives

/// Packages that somebody asks about, in addition to what is there before: nothing of it goes into a lock.
package struct AdHocRequest: Sendable {
    /// What is there before anything is asked for.
    package enum Ground: Sendable {
        case nothing
        /// The base system that an installation starts from.
        case base
        /// A profile with all its sets.
        case profile(ProfileRequest)

        /// "the base system", "profile server"
        package var words: String {
            switch self {
            case .nothing: "nothing"
            case .base: "the base system"
            case .profile(let profile): "profile \(profile.name)"
            }
        }
    }

    /// In the order in which they were asked for, each once.
    package let wanted: [PackageRequest]
    /// Names of packages that must not be in.
    package let forbidden: [String]
    /// What is there before.
    package let ground: Ground
    /// Whether the Recommends of what is added are followed.
    package let includesRecommends: Bool

    package init(wanted: [PackageRequest], forbidden: [String], ground: Ground, includesRecommends: Bool) {
        self.wanted = wanted
        self.forbidden = forbidden
        self.ground = ground
        self.includesRecommends = includesRecommends
    }

    /// The request that `words` spell: `name`, `name=version`, `name/suite`, `name:architecture`, or `-name`.
    ///
    /// Throws every word that is none of these.
    package init(
        _ words: [String], ground: Ground, includesRecommends: Bool = false, family: PackageFamily = .apt
    ) throws(UserErrors) {
        var wanted: [PackageRequest] = []
        var forbidden: [String] = []
        var errors: [any UserError] = []
        for word in words {
            do throws(PackageRequestError) {
                guard word.hasPrefix("-") else {
                    let request = try PackageRequest(word, family: family)
                    if !wanted.contains(request) { wanted.append(request) }
                    continue
                }
                let request = try PackageRequest(String(word.dropFirst()), family: family)
                if request != PackageRequest(name: request.name) {
                    errors.append(
                        Mistake("\"\(word)\" excludes more than a name", at: nil, hint: "write -\(request.name)"))
                }
                forbidden.append(request.name)
            } catch {
                errors.append(error)
            }
        }
        guard errors.isEmpty else { throw UserErrors(errors) }
        self.init(wanted: wanted, forbidden: forbidden, ground: ground, includesRecommends: includesRecommends)
    }
}

/// What an ad-hoc request comes to.
package struct AdHocAnswer: Hashable, Sendable {
    /// A package that is there in the end, or was before.
    package struct Package: Hashable, Sendable {
        /// "htop"
        package let name: String
        /// As its package manager spells it: "3.4.1-5".
        package let version: String
        /// "amd64", "all", "x86_64", "noarch".
        package let architecture: String
        /// To download.
        package let size: ByteCount
        /// As the package estimates it; zero where it doesn't.
        package let installedSize: ByteCount
        /// What was asked for and this answers, as it was written.
        package let request: String?
        /// Whether it is not there before.
        package let isAdded: Bool
        /// The package that needs it, nearest to what was asked for; nil where something asked for it.
        package let neededBy: String?
    }

    /// What packages come to together.
    package struct Total: Hashable, Sendable {
        /// How many.
        package let packages: Int
        /// The sizes of the package files.
        package let download: ByteCount
        /// What the packages estimate; those that say nothing count as zero.
        package let installed: ByteCount
    }

    /// "the base system", "profile server"; nil where it was nothing.
    package let ground: String?
    /// All that is there in the end, sorted by name.
    package let packages: [Package]
    /// What the ground has when nothing more is asked for, and not beside what was asked for.
    package let replaced: [Package]
    /// What the ground comes to when nothing more is asked for; all zero where it was nothing.
    package let groundTotal: Total
    /// Recommendations and optional lines that can't be had.
    package let remarks: [String]

    /// Of all that is there in the end.
    package var total: Total { Total(packages) }
    /// Of what is there in the end and was not before.
    package var addedTotal: Total { Total(packages.filter(\.isAdded)) }
}

extension AdHocAnswer.Total {
    init(_ packages: [AdHocAnswer.Package]) {
        self.init(
            packages: packages.count, download: packages.reduce(.zero) { $0 + $1.size },
            installed: packages.reduce(.zero) { $0 + $1.installedSize })
    }
}

/// What was asked for can't be had.
package struct AdHocImpossible: UserError {
    /// What was asked for and can't be had together.
    package let requests: [String]
    /// "the base system", "profile server"; nil where it was nothing.
    package let ground: String?
    /// The explanation, a sentence each; the last is the conclusion.
    package let steps: [String]
    /// What could be changed, a suggestion each.
    package let remedies: [String]

    package var what: String {
        let beside = ground.map { " beside \($0)" } ?? ""
        guard requests.count > 1, let last = requests.last else {
            return "\(requests.first ?? ground ?? "this") can't be installed\(requests.isEmpty ? "" : beside)"
        }
        return "\(requests.dropLast().joined(separator: ", ")) and \(last) can't be installed together\(beside)"
    }
    package var details: [String] { steps.enumerated().map { "\($0 + 1). \($1)" } }
    package var hint: String? { remedies.isEmpty ? nil : remedies.joined(separator: ", or ") }
}
