/// Where a suite is, and which of the indexes it has are wanted.
extension Release {
    /// Whether `suite` names the folder of a flat repository, which has no components: "./", "amd64/" (sources.list(5)).
    package static func isFlat(_ suite: String) -> Bool { suite.hasSuffix("/") }

    /// The folder of a suite below the root of the repository, with a slash at its end: "dists/trixie/"; that of "./" is empty.
    package static func folder(of suite: String) -> String {
        guard isFlat(suite) else { return "dists/\(suite)/" }
        let parts = suite.split(separator: "/").filter { $0 != "." }
        return parts.map { "\($0)/" }.joined()
    }

    /// An index of packages.
    package struct Index: Hashable, Sendable {
        /// "main"; nil in a flat repository.
        package let component: String?
        /// "amd64", or "all" for one that has the packages for all architectures; nil in a flat repository, whose index has those
        /// of every architecture.
        package let architecture: String?
        /// Below the suite's folder: "main/binary-amd64/Packages.xz".
        package let path: String
        /// What the file must be.
        package let entry: Entry
    }

    /// The indexes of `components` for `architectures`, of which the first is the native one; those of a flat repository where there
    /// are no components. What is listed counts, not what Components and Architectures say of it: they may be missing.
    ///
    /// As apt does it, the packages for all architectures come from an index of their own too, where there is one and it is not
    /// said that the others have them; and `lacking` are the foreign architectures that this suite has nothing for.
    ///
    /// - Throws: `ReleaseError` where a component has no index for the native architecture.
    package func indexes(
        components: [String], architectures: [String]
    ) throws(ReleaseError) -> (indexes: [Index], lacking: [String]) {
        guard !components.isEmpty else {
            guard let (path, entry) = file("Packages") else { throw ReleaseError(source, .missingIndex("Packages")) }
            return ([Index(component: nil, architecture: nil, path: path, entry: entry)], [])
        }
        let native = architectures.first ?? ""
        let hasAll = !listsAllEverywhere && (self.architectures.isEmpty || self.architectures.contains("all"))
        var indexes: [Index] = []
        for component in components {
            for architecture in architectures + (hasAll ? ["all"] : []) {
                guard let (path, entry) = file("\(component)/binary-\(architecture)/Packages") else { continue }
                indexes.append(Index(component: component, architecture: architecture, path: path, entry: entry))
            }
            if !indexes.contains(where: { $0.component == component && [native, "all"].contains($0.architecture) }) {
                throw missing(component, native)
            }
        }
        let lacking = architectures.dropFirst().filter { architecture in
            !indexes.contains { $0.architecture == architecture }
        }
        return (indexes, lacking)
    }

    /// The form of `name` to take of those that are listed.
    private func file(_ name: String) -> (path: String, entry: Entry)? {
        for ending in [".xz", ".gz", ".zst", ".bz2", ""] {
            if let entry = entries[name + ending] { return (name + ending, entry) }
        }
        return nil
    }

    private func missing(_ component: String, _ architecture: String) -> ReleaseError {
        if !components.isEmpty, !components.contains(where: { $0 == component || $0.hasSuffix("/" + component) }) {
            return ReleaseError(source, .missingComponent(component, available: components))
        }
        if !architectures.isEmpty, !architectures.contains(architecture) {
            return ReleaseError(source, .missingArchitecture(architecture, available: architectures))
        }
        return ReleaseError(source, .missingIndex("\(component)/binary-\(architecture)/Packages"))
    }
}
