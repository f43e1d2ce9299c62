import Primitives

/// Something that can't become part of a mirror's metadata: of which package or file, and why.
package struct RepodataError: UserError, Hashable {
    /// Why it can't become part of a mirror.
    package enum Problem: Hashable, Sendable {
        /// It is no XML that can be copied; what is odd, and how many bytes from its beginning.
        case markup(String, offset: Int)
        /// It is no YAML; what the parser says.
        case yaml(String)
        /// An element or attribute that has to be there, and is not.
        case missing(String)
        /// The record says otherwise than the file.
        case mismatch(String, record: String, file: String)
        /// Its path in the mirror is absolute, leads out of it or has characters that no index carries.
        case path(String)
        /// Two packages of that name, version and architecture, with different content.
        case twice
        /// It is in the index of packages, and not in that of files.
        case noFileList
    }

    /// The package, or the file, as people know it.
    package let subject: String
    /// Why it can't become part of a mirror.
    package let problem: Problem

    package init(_ subject: String, _ problem: Problem) {
        self.subject = subject
        self.problem = problem
    }

    package var what: String {
        switch problem {
        case .markup(let detail, let offset): "\(subject): \(detail), \(offset) bytes from the beginning of its record"
        case .yaml(let detail): "\(subject): it is no YAML: \(detail)"
        case .missing(let name): "\(subject): its record has no \(name)"
        case .mismatch(let name, let record, let file):
            "\(subject): by its record its \(name) is \(record), and it is \(file)"
        case .path(let path): "\(subject): \"\(path)\" can't be its path in a mirror"
        case .twice: "\(subject): two packages are called so, and they are not the same"
        case .noFileList: "\(subject): the index of files has nothing of it"
        }
    }

    package var hint: String? {
        "the repository lists it so: tell whoever keeps it; a newer state (`deploy update`) or another mirror may have it right"
    }
}
