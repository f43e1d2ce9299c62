import Primitives

/// A package or suite that can't be part of a mirror: which, and why.
package struct MirrorError: UserError, Equatable {
    /// Why it can't be part of the mirror.
    package enum Problem: Sendable, Equatable {
        /// Its stanza is none; what is odd.
        case stanza(String)
        /// The stanza lacks a field that the index needs.
        case missingField(String)
        /// The stanza says otherwise than the file.
        case mismatch(field: String, stanza: String, file: String)
        /// Its path in the mirror is absolute, leads out of it or has characters that an index can't carry.
        case path(String)
        /// The suite isn't made for this architecture.
        case architecture(String)
        /// Two different files claim to be this version.
        case twice
    }

    /// The package, or "a package" where its name is unknown.
    package let package: String
    /// Why it can't be part of the mirror.
    package let problem: Problem

    package init(package: String, problem: Problem) {
        self.package = package
        self.problem = problem
    }

    package var what: String {
        switch problem {
        case .stanza(let detail): "\(package) has a stanza that is none: \(detail)"
        case .missingField(let name): "\(package) has no field \(name)"
        case .mismatch(let field, let stanza, let file):
            "\(package): the index says \(field) \(stanza), but the file has \(file)"
        case .path(let path): "\(package) can't be put at \"\(path)\" in the mirror"
        case .architecture(let name): "\(package) is for \(name), which the mirror is not made for"
        case .twice: "\(package) is in the mirror twice, with different content"
        }
    }
}
