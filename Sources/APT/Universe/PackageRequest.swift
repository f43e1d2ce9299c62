import Primitives

/// What somebody asks for: `name`, `name:architecture`, `name=version` or `name/suite`, also together as apt takes them.
package struct PackageRequest: Hashable, Sendable, CustomStringConvertible {
    /// A package's, or one that packages provide: "htop", "mail-transport-agent".
    package let name: String
    /// nil: the native one.
    package let architecture: String?
    /// The version, spelled as in the index.
    package let version: String?
    /// A suite, archive or code name; it also supplies what the package needs and the candidates can't give.
    package let suite: String?

    package init(name: String, architecture: String? = nil, version: String? = nil, suite: String? = nil) {
        self.name = name
        self.architecture = architecture
        self.version = version
        self.suite = suite
    }

    /// The request that `text` spells. Throws where the name is none of Debian Policy 5.6.1, or a part is empty.
    package init(_ text: String) throws(PackageRequestError) {
        var rest = Substring(text)
        var version: Substring?
        var suite: Substring?
        if let equals = rest.firstIndex(of: "=") {
            version = rest[rest.index(after: equals)...]
            rest = rest[..<equals]
        } else if let slash = rest.firstIndex(of: "/") {
            suite = rest[rest.index(after: slash)...]
            rest = rest[..<slash]
        }
        var architecture: Substring?
        if let colon = rest.firstIndex(of: ":") {
            architecture = rest[rest.index(after: colon)...]
            rest = rest[..<colon]
        }
        let isName =
            rest.utf8.count >= 2 && rest.utf8.first.map { $0.isDigit || $0.isLetter } == true
            && rest.utf8.allSatisfy { $0.isDigit || $0.isLetter && $0 > 0x60 || "+-.".utf8.contains($0) }
        let parts = [architecture, version, suite].compactMap { $0 }
        guard isName, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }) else {
            throw PackageRequestError(request: text, problem: .syntax)
        }
        self.init(
            name: String(rest), architecture: architecture.map(String.init), version: version.map(String.init),
            suite: suite.map(String.init))
    }

    package var description: String {
        name + (architecture.map { ":" + $0 } ?? "") + (version.map { "=" + $0 } ?? suite.map { "/" + $0 } ?? "")
    }
}

/// A request that no package of the table answers.
package struct PackageRequestError: UserError, Hashable {
    /// Why nothing answers, and what would.
    package enum Problem: Hashable, Sendable {
        case syntax
        /// No package is called so or provides it; names that are near.
        case unknownName(nearest: [String])
        /// The architecture does not take part; those that do.
        case unknownArchitecture(known: [String])
        /// The name exists, but not for the architecture.
        case notForArchitecture(String)
        /// The versions there are.
        case noSuchVersion(available: [String])
        /// The suites that have it.
        case notInSuite(available: [String])
        /// Nothing is called so, and several packages provide it.
        case severalProvide([String])
        /// Pins forbid every version.
        case forbiddenByPins
    }

    /// As it was written.
    package let request: String
    /// Why nothing answers.
    package let problem: Problem

    package init(request: String, problem: Problem) {
        self.request = request
        self.problem = problem
    }

    package var what: String {
        switch problem {
        case .syntax: "\"\(request)\" is no package name, and no name=version, name/suite or name:architecture"
        case .unknownName: "no package is called \"\(request)\", and none provides it"
        case .unknownArchitecture: "\"\(request)\" asks for an architecture that is not declared"
        case .notForArchitecture(let architecture): "\"\(request)\" does not exist for \(architecture)"
        case .noSuchVersion: "there is no \"\(request)\" in the declared suites"
        case .notInSuite: "there is no \"\(request)\": the suite does not have it"
        case .severalProvide: "\"\(request)\" is no package; several provide it, and apt chooses none of them"
        case .forbiddenByPins: "\"\(request)\" can't be chosen: the pins give every version a priority below 1"
        }
    }
    package var hint: String? {
        switch problem {
        case .unknownName(let nearest) where !nearest.isEmpty: "did you mean \(nearest.joined(separator: ", "))?"
        case .unknownArchitecture(let known): "declared are \(known.joined(separator: ", "))"
        case .noSuchVersion(let available): "there is \(available.joined(separator: ", "))"
        case .notInSuite(let available): "it is in \(available.joined(separator: ", "))"
        case .severalProvide(let names): "name one of \(names.joined(separator: ", "))"
        case .forbiddenByPins: "ask for a version (name=version), or change the pins"
        default: nil
        }
    }
    package var isUsageError: Bool { true }
}
