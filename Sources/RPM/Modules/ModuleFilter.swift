/// Which packages modules hide; `setModuleExcludes` in libdnf's dnf-sack.cpp.
struct ModuleFilter {
    private let table: RPMTable
    private let modules: ModuleSelection

    init(_ table: RPMTable, _ modules: ModuleSelection) {
        self.table = table
        self.modules = modules
    }

    /// Calls `hide` with each package that is hidden: those of streams that aren't active, and those that are called as a package
    /// of an active stream or provide its name, without being of one. Packages of hotfix repositories are not hidden, which is
    /// for the caller to see to: the second argument says that a module hides the package.
    func hide(_ hide: (Int32, Bool) -> Void) {
        guard !modules.active.isEmpty || !modules.inactive.isEmpty else { return }
        var included: Set<Int32> = []
        var names: Set<String> = []
        for build in modules.active {
            let left = Set(build.demodularized)
            for artifact in build.artifacts {
                guard let nevra = NEVRA(artifact) else { continue }
                included.formUnion(packages(nevra))
                if nevra.architecture != "src", nevra.architecture != "nosrc", !left.contains(nevra.name) {
                    names.insert(nevra.name)
                }
            }
        }
        for build in modules.inactive {
            for artifact in build.artifacts {
                guard let nevra = NEVRA(artifact) else { continue }
                for package in packages(nevra) where !included.contains(package) { hide(package, true) }
            }
        }
        for name in names {
            guard let number = table.find(name) else { continue }
            for provider in table.providers(of: number) where !included.contains(provider.package) {
                hide(provider.package, true)
            }
        }
    }

    private func packages(_ nevra: NEVRA) -> [Int32] {
        guard let name = table.find(nevra.name), let architecture = table.find(nevra.architecture) else { return [] }
        let version = RPMVersion(nevra.version)
        return table.packages(named: name).filter { package in
            let record = table.record(package)
            return record.architecture == architecture && table.string(record.version) == version.text
        }
    }
}

/// A package spelled name-epoch:version-release.arch.
package struct NEVRA: Hashable {
    /// "bash"; hyphens in it are kept.
    package let name: String
    /// `epoch:version-release`, the epoch as it was spelled.
    package let version: String
    /// "x86_64", "noarch"; "src" for a source package.
    package let architecture: String

    /// nil where `text` is not spelled so. The epoch may be missing.
    package init?(_ text: some StringProtocol) {
        guard let dot = text.lastIndex(of: "."), let dash = text[..<dot].lastIndex(of: "-"),
            let first = text[..<dash].lastIndex(of: "-"), first > text.startIndex
        else { return nil }
        name = String(text[..<first])
        version = String(text[text.index(after: first)..<dot])
        architecture = String(text[text.index(after: dot)...])
        guard !architecture.isEmpty, !version.hasPrefix("-"), !version.hasSuffix("-") else { return nil }
    }
}
