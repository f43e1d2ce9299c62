import Primitives

/// What somebody asks for, spelled as dnf takes it: a name, `name.arch`, `name-version-release.arch`, `@group`, a path, or what a
/// package provides; or `name=version`, `name:arch` and `name/repository` as package sets have it.
package struct RPMRequest: Hashable, Sendable, CustomStringConvertible {
    /// All of it, as it was written; made of the parts where it came in parts.
    package let text: String
    /// Optional members of a group are asked for, too.
    package let includesOptional: Bool
    /// The part before `=version`, `:arch` or `/repository`; all of `text` where there is none of them.
    package let name: String
    /// nil: any that is as good.
    package let architecture: String?
    /// With or without release and epoch; nil: the best. In dnf's spelling it is a part of the name.
    package let version: String?
    /// Where it has to come from; nil: from wherever. In dnf's spelling there is none.
    package let repository: String?

    /// A request in dnf's spelling.
    package init(_ text: String, includesOptional: Bool = false) {
        self.text = text
        self.includesOptional = includesOptional
        name = text
        (architecture, version, repository) = (nil, nil, nil)
    }

    /// A request by its parts. `version` is that of the index, with or without release and epoch.
    package init(name: String, architecture: String? = nil, version: String? = nil, repository: String? = nil) {
        self.name = name
        self.architecture = architecture
        self.version = version
        self.repository = repository
        includesOptional = false
        text =
            name + (architecture.map { ":" + $0 } ?? "") + (version.map { "=" + $0 } ?? "")
            + (repository.map { "/" + $0 } ?? "")
    }

    package var description: String { text }

    /// The id or name of the group that is asked for.
    package var group: String? { name.hasPrefix("@") ? String(name.dropFirst()) : nil }
}

/// A request that no package answers.
package struct RPMRequestError: UserError, Hashable {
    /// Why nothing answers, and what would.
    package enum Problem: Hashable, Sendable {
        /// No package is called so, provides it or has the file; names that are near.
        case unknown(nearest: [String])
        case unknownGroup(nearest: [String])
        /// There is one, but not for this architecture; those it is for.
        case notForArchitecture([String])
        /// The versions there are.
        case noSuchVersion(available: [String])
        /// The repositories that have it.
        case notInRepository(available: [String])
        /// Every package is hidden by modules, whose streams are these.
        case hiddenByModules(streams: [String])
        case excluded
        /// It spells a stream of a module.
        case stream
    }

    /// As it was written.
    package let request: String
    /// Why nothing answers.
    package let problem: Problem

    package var what: String {
        switch problem {
        case .unknown: "no package is called \"\(request)\", and none provides it"
        case .unknownGroup: "there is no group \"\(request)\""
        case .notForArchitecture: "\"\(request)\" does not exist for this architecture"
        case .noSuchVersion: "there is no \"\(request)\" in the declared repositories"
        case .notInRepository: "there is no \"\(request)\": the repository does not have it"
        case .hiddenByModules: "\"\(request)\" is in a module of which no stream is enabled"
        case .excluded: "\"\(request)\" is excluded"
        case .stream: "\"\(request)\" is a stream of a module, and no package"
        }
    }
    package var hint: String? {
        switch problem {
        case .unknown(let nearest), .unknownGroup(let nearest):
            nearest.isEmpty ? nil : "did you mean \(nearest.joined(separator: ", "))?"
        case .notForArchitecture(let known): "it is there for \(known.joined(separator: ", "))"
        case .noSuchVersion(let available): "there is \(available.joined(separator: ", "))"
        case .notInRepository(let available): "it is in \(available.joined(separator: ", "))"
        case .hiddenByModules(let streams):
            streams.isEmpty ? "enable a stream of its module" : "enable one of \(streams.joined(separator: ", "))"
        case .excluded: nil
        case .stream: "enable it in deploy.yaml (modules: [\"\(request)\"]), and ask for its packages by their names"
        }
    }
    package var isUsageError: Bool { true }
}
