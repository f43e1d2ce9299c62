package import Primitives
package import SystemPackage

/// Decides from where the files of a repository are fetched.
package struct MirrorSelection: Sendable {
    private let host: HostAPT
    private let environment: [String: String]
    private let workingFolder: FilePath

    /// `host` is the apt of this machine. A variable `DEPLOY_MIRROR_<NAME>` of `environment` wins over everything; folders
    /// in it are taken from `workingFolder`.
    package init(host: HostAPT, environment: [String: String], workingFolder: FilePath) {
        self.host = host
        self.environment = environment
        self.workingFolder = workingFolder
    }

    /// The variable that overrides the mirrors of the repository called `name`: DEPLOY_MIRROR_DEBIAN_SECURITY.
    package static func variable(for name: String) -> String {
        "DEPLOY_MIRROR_" + name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }

    /// Where to fetch `repository` from, in the order in which to try.
    ///
    /// Throws where the environment names something that is no address.
    package func addresses(
        of repository: Declaration.Repository, in distribution: Declaration.Distribution
    ) throws(Mistake) -> [MirrorAddress] {
        let override = try override(repository.name)
        guard override.isEmpty else { return override }
        var addresses: [MirrorAddress] = []
        for mirror in repository.mirrors {
            switch mirror {
            case .address(let address): addresses.append(address)
            case .host:
                addresses += hostAddresses(of: repository, in: distribution)
            }
        }
        var seen: Set<MirrorAddress> = []
        return addresses.filter { seen.insert($0).inserted }
    }

    /// Where to fetch an RPM repository from, in the order in which to try; empty where its list of mirrors says it.
    ///
    /// Throws where the environment names something that is no address.
    package func addresses(of repository: Declaration.RPMRepository) throws(Mistake) -> [MirrorAddress] {
        let override = try override(repository.name)
        if override.isEmpty, case .mirrors(let mirrors) = repository.access { return mirrors }
        return override
    }

    /// What the environment says of the repository called `name`.
    private func override(_ name: String) throws(Mistake) -> [MirrorAddress] {
        let variable = Self.variable(for: name)
        var addresses: [MirrorAddress] = []
        for text in (environment[variable] ?? "").split(separator: " ") {
            guard let address = MirrorAddress(String(text), relativeTo: workingFolder) else {
                throw Mistake(
                    "\"\(text)\" is no address of a mirror (\(variable))", at: nil,
                    hint: "http://, https://, file:// or a folder; several with spaces between")
            }
            addresses.append(address)
        }
        return addresses
    }

    /// The proxies of apt for the addresses that `repository` has from the apt of this machine, by address.
    package func proxies(
        of repository: Declaration.Repository, in distribution: Declaration.Distribution
    ) -> [String: String] {
        let override = environment[Self.variable(for: repository.name)] ?? ""
        guard repository.mirrors.contains(.host), override.isEmpty else { return [:] }
        var proxies: [String: String] = [:]
        for address in hostAddresses(of: repository, in: distribution) { proxies[address.url] = proxy(for: address) }
        return proxies
    }

    private func hostAddresses(
        of repository: Declaration.Repository, in distribution: Declaration.Distribution
    ) -> [MirrorAddress] {
        host.addresses(
            of: Vendor(distribution: distribution.name), isSecurity: repository.name.hasSuffix("-security"),
            codename: distribution.codename, architecture: distribution.architecture)
    }

    /// The proxy that apt uses for `address`.
    package func proxy(for address: MirrorAddress) -> String? {
        guard case .remote(let url) = address else { return nil }
        return url.hasPrefix("https:") ? host.secureProxy : host.proxy
    }
}

extension HostAPT {
    /// Where this machine gets the archive of `vendor` from, or that of the security updates; where it gets them from
    /// nowhere, the vendor's own server. `codename` is a suite name to be known beside the names that are.
    package func addresses(
        of vendor: Vendor, isSecurity: Bool, codename: String, architecture: String
    ) -> [MirrorAddress] {
        let name = vendor.archiveFolder(isSecurity: isSecurity, architecture: architecture)
        var found: [MirrorAddress] = []
        for source in sources where !found.contains(source.address) {
            let suites = source.suites.filter { Self.isSecurity($0) == isSecurity }
            guard !suites.isEmpty, source.components.contains("main") else { continue }
            // Others offer packages *for* Debian under Debian's suite names, or from folders called debian.
            let isNamedSo =
                source.address.lastPathComponent == name
                && suites.contains { vendor.hasSuite($0, codename: codename) }
            guard isNamedSo || source.signedBy.contains(vendor.keyringPrefix) else { continue }
            found.append(source.address)
        }
        return found.isEmpty ? [vendor.lastResort(isSecurity: isSecurity, architecture: architecture)] : found
    }

    /// `trixie-security`, or `buster/updates` as it was once called.
    private static func isSecurity(_ suite: String) -> Bool {
        suite.hasSuffix("-security") || suite.hasSuffix("/updates")
    }
}
