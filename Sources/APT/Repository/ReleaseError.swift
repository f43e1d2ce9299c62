import Primitives

/// A Release file that can't be used: which, and why.
package struct ReleaseError: UserError, Equatable {
    /// Why it can't be used.
    package enum Problem: Sendable, Equatable {
        /// It is no Release file; what is odd.
        case malformed(String)
        /// It lists neither SHA-256 nor SHA-512 digests, so nothing it names can be trusted.
        case weak
        /// Its Valid-Until passed so many seconds ago.
        case expired(secondsAgo: Int64)
        /// Its Date is so many seconds ahead of this machine's clock.
        case notYetValid(secondsAhead: Int64)
        /// It is about another suite than the one that was asked for.
        case wrongSuite(asked: String, suite: String?, codename: String?)
        case missingComponent(String, available: [String])
        case missingArchitecture(String, available: [String])
        /// It doesn't list this index.
        case missingIndex(String)
    }

    /// Where the file came from: an address or a path.
    package let source: String
    /// Why it can't be used.
    package let problem: Problem

    package init(_ source: String, _ problem: Problem) {
        self.source = source
        self.problem = problem
    }

    package var what: String {
        switch problem {
        case .malformed(let detail): "\(source) is no usable Release file: \(detail)"
        case .weak: "\(source) has neither SHA256 nor SHA512 digests; MD5 and SHA-1 prove nothing"
        case .expired(let seconds): "\(source) expired \(RepositoryDate.span(seconds)) ago"
        case .notYetValid(let seconds): "\(source) is dated \(RepositoryDate.span(seconds)) in the future"
        case .wrongSuite(let asked, let suite, let codename):
            "\(source) is about \([suite, codename].compactMap { $0 }.joined(separator: " / ")), not about \(asked)"
        case .missingComponent(let name, let available):
            "\(source) has no component \(name); it has \(available.joined(separator: ", "))"
        case .missingArchitecture(let name, let available):
            "\(source) has no architecture \(name); it has \(available.joined(separator: ", "))"
        case .missingIndex(let path): "\(source) does not list \(path)"
        }
    }

    /// What is not there was asked for by the declaration.
    package var isUsageError: Bool {
        switch problem {
        case .wrongSuite, .missingComponent, .missingArchitecture: true
        case .malformed, .weak, .expired, .notYetValid, .missingIndex: false
        }
    }

    package var hint: String? {
        switch problem {
        case .expired: "the mirror is no longer updated, or this machine's clock is wrong (`date`): try another mirror"
        case .notYetValid: "set this machine's clock (`date`), then try again"
        case .wrongSuite, .missingComponent, .missingArchitecture: "mend the repository's entry in deploy.yaml"
        case .malformed, .weak, .missingIndex: nil
        }
    }
}
