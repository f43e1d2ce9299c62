import Primitives

/// Something in an index of packages that cannot be used: which index, package and field, and what is wrong with it.
package struct PackageIndexError: UserError, Hashable {
    /// What is wrong with it.
    package enum Problem: Hashable, Sendable {
        case syntax(Deb822Error)
        case relation(RelationSyntaxError)
        /// The package lacks the field.
        case missing
        /// The field's value, which means nothing; its beginning.
        case badValue(String)
        /// The only digest that counts is a SHA-512.
        case onlySHA512
        case nulByte
        /// The name, version or field is longer than any real one.
        case tooLong
        case tooManyVersions
        /// The index is larger than 4 GB.
        case indexTooLarge
    }

    /// The index, as the person knows it: "debian trixie/main".
    package let source: String
    /// Its name; nil where the index as a whole is wrong, or the name is not known.
    package let package: String?
    /// "Depends"; nil where no field is to blame.
    package let field: String?
    /// What is wrong with it.
    package let problem: Problem

    package init(source: String, package: String? = nil, field: String? = nil, problem: Problem) {
        self.source = source
        self.package = package
        self.field = field
        self.problem = problem
    }

    package var what: String {
        let subject = package.map { "package \($0) in \(source)" } ?? source
        let of = field.map { ", field \($0)" } ?? ""
        switch problem {
        case .syntax(let error): return "\(subject): \(error)"
        case .relation(let error): return "\(subject)\(of): \(error)"
        case .missing: return "\(subject) has no field \(field ?? "")"
        case .badValue(let value): return "\(subject)\(of): \"\(value)\" means nothing here"
        case .onlySHA512: return "\(subject) has a SHA512 and no SHA256; deploy.lock names packages by the latter"
        case .nulByte: return "\(subject)\(of): there is a NUL byte"
        case .tooLong: return "\(subject)\(of): the value is too long"
        case .tooManyVersions: return "\(subject) comes in more versions than this tool handles"
        case .indexTooLarge: return "\(subject) is larger than 4 GB"
        }
    }
    package var hint: String? {
        switch problem {
        case .onlySHA512: "whoever keeps the archive can list both: apt-ftparchive, reprepro and aptly do"
        case _ where package != nil:
            "the archive lists it so: leave it out of the sets, or tell whoever keeps the archive"
        default: "that is no index of packages as apt reads it"
        }
    }
}
