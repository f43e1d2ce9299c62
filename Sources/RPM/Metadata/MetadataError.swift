import Primitives

/// Something in the metadata of a repository that cannot be used: which file, where, and what is wrong with it.
package struct MetadataError: UserError, Hashable {
    /// What is wrong with it.
    package enum Problem: Hashable, Sendable {
        /// It is no XML; what the parser says.
        case syntax(String)
        /// It is no YAML; what the parser says.
        case yaml(String)
        case truncated
        /// It is in another encoding than UTF-8.
        case encoding(String)
        /// It declares or uses entities of its own, which no metadata need.
        case entities
        case tooDeep
        /// It is larger than this many bytes, or than was declared elsewhere.
        case tooLarge(limit: Int)
        /// Its root element, which is that of something else.
        case wrongRoot(String)
        /// An element or attribute that has to be there is not.
        case missing(String)
        /// A value that means nothing: of what, and its beginning.
        case badValue(String, String)
        /// A path that is absolute, or leads out of the repository or a folder.
        case unsafePath(String)
        case relation(RichRelationError, text: String)
        /// It says that it has so many packages, and has another number.
        case countDiffers(declared: Int, found: Int)
        /// More of something than any real repository has.
        case tooMany(String)
        /// It knows no digest of a kind that is trusted.
        case noTrustedDigest
        /// It is not what its name says; a mirror list without addresses, for example.
        case empty
    }

    /// The file, as the person knows it: "centos appstream, primary.xml".
    package let source: String
    /// Lines count from 1; nil where that is not known.
    package let line: Int?
    /// The package that the problem is with.
    package let package: String?
    /// What is wrong with it.
    package let problem: Problem

    package init(source: String, line: Int? = nil, package: String? = nil, problem: Problem) {
        self.source = source
        self.line = line
        self.package = package
        self.problem = problem
    }

    package var what: String {
        let place = source + (line.map { ", line \($0)" } ?? "") + (package.map { ", package \($0)" } ?? "")
        switch problem {
        case .syntax(let detail): return "\(place): it is no XML: \(detail)"
        case .yaml(let detail): return "\(place): it is no YAML: \(detail)"
        case .truncated: return "\(place): it ends too early"
        case .encoding(let name): return "\(place): it is in \(name), not in UTF-8"
        case .entities: return "\(place): it uses entities of its own"
        case .tooDeep: return "\(place): its elements are nested too deeply"
        case .tooLarge(let limit): return "\(place): it is larger than \(ByteCount(limit))"
        case .wrongRoot(let name): return "\(place): it is a \"\(name)\" and not what was expected"
        case .missing(let what): return "\(place): \(what) is missing"
        case .badValue(let what, let value): return "\(place): \"\(value)\" is no \(what)"
        case .unsafePath(let path): return "\(place): \"\(path)\" is no path that a repository can have"
        case .relation(let error, let text): return "\(place): in the relation \"\(text)\" \(error)"
        case .countDiffers(let declared, let found):
            return "\(place): it says it has \(declared) packages, and has \(found)"
        case .tooMany(let what): return "\(place): it has more \(what) than this tool handles"
        case .noTrustedDigest: return "\(place): it has no digest of a kind that is trusted (sha256, sha384, sha512)"
        case .empty: return "\(place): there is nothing in it"
        }
    }
    package var hint: String? {
        switch problem {
        case .syntax, .yaml, .truncated, .wrongRoot, .encoding:
            "ask for the file yourself: a proxy or a portal may have given a page of its own; else try another mirror"
        case .empty: "write addresses (https://…, http://…) into the list, or name one of them in deploy.yaml (baseurl)"
        case .noTrustedDigest: "whoever keeps the repository can make its metadata with createrepo_c --checksum=sha256"
        case .unsafePath, .missing, .badValue, .relation, .countDiffers, .entities:
            "the repository lists it so: tell whoever keeps it, or name another mirror, which may have another state"
        case .tooDeep, .tooLarge, .tooMany: "no repository that is known has so much: see whether the address is right"
        }
    }
}
