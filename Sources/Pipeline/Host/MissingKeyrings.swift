package import Declaration
import Primitives
package import SystemPackage

extension Declaration {
    /// The Debian packages with the keyrings that are not there, of the distributions in use and of those that `words` name: what
    /// somebody typed after `deploy`. Keyrings that nobody knows a package of are left to whoever reads them.
    package func packagesOfMissingKeyrings(
        naming words: [String], exists: (FilePath) -> Bool = Files.exists
    ) -> [String] {
        let named = distributions(named: words.map { $0.split(separator: "=").last.map(String.init) ?? $0 })
        let used = distributionsInUse.union(named)
        var packages: Set<String> = []
        for distribution in distributions where used.contains(distribution.name) {
            let keyrings: [FilePath] =
                switch distribution.source {
                case .apt(let source):
                    source.repositories.compactMap { if case .keyring(let path) = $0.trust { path } else { nil } }
                case .rpm(let source): source.repositories.flatMap(\.keys)
                }
            for path in keyrings where !exists(path) {
                if let package = Vendor.keyringPackage(path)?.name { packages.insert(package) }
            }
        }
        return packages.sorted()
    }
}
