package import Declaration
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
                addresses += found(repository, distribution).addresses
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
            let home = environment["HOME"].flatMap { $0.hasPrefix("/") ? FilePath($0) : nil }
            guard let address = MirrorAddress(String(text), relativeTo: workingFolder, home: home) else {
                throw Mistake(
                    "\"\(text)\" is no address of a mirror (\(variable))", at: nil,
                    hint: "\(MirrorAddress.problem(of: String(text))); several with spaces between")
            }
            addresses.append(address)
        }
        return addresses
    }

    /// Whether the apt of this machine is asked where `repository` is.
    func asksHost(of repository: Declaration.Repository) -> Bool {
        let override = environment[Self.variable(for: repository.name)] ?? ""
        return repository.mirrors.contains(.host) && override.allSatisfy { $0 == " " }
    }

    /// The ways that apt goes to the addresses that `repository` has from the apt of this machine, by address.
    package func proxies(
        of repository: Declaration.Repository, in distribution: Declaration.Distribution
    ) -> [String: APTProxies.Choice] {
        guard asksHost(of: repository) else { return [:] }
        var proxies: [String: APTProxies.Choice] = [:]
        for address in found(repository, distribution).addresses { proxies[address.url] = proxy(for: address) }
        return proxies
    }

    /// The way that apt goes to `address`; nil to a folder.
    package func proxy(for address: MirrorAddress) -> APTProxies.Choice? {
        guard case .remote(let url) = address, let name = address.host else { return nil }
        return host.proxies.choice(host: name, isSecure: url.hasPrefix("https:"))
    }

    /// Says why the vendor's server is asked for `repository` where this machine has packages from elsewhere; nil where one of
    /// apt's addresses is taken, where apt has none that could be meant, and where nobody asks for them.
    func remark(on repository: Declaration.Repository, in distribution: Declaration.Distribution) -> String? {
        guard asksHost(of: repository) else { return nil }
        let found = found(repository, distribution)
        guard found.isLastResort, let other = found.doubtful.first, let used = found.addresses.first else { return nil }
        let vendor = Vendor(distribution: distribution.name)
        return """
            \(repository.name): asking \(used), not \(other) of this machine's apt: neither the address nor its Signed-By says \
            that it is \(vendor.title)'s archive (if it is: mirrors: ["\(other)"], or \(Self.variable(for: repository.name)))
            """
    }

    private func found(
        _ repository: Declaration.Repository, _ distribution: Declaration.Distribution
    ) -> HostAPT.Found {
        host.addresses(
            of: Vendor(distribution: distribution.name), isSecurity: repository.name.hasSuffix("-security"),
            codename: distribution.codename, architecture: distribution.architecture)
    }
}

extension HostAPT {
    /// Where an archive is.
    package struct Found: Hashable, Sendable {
        /// In the order of apt's sources, each once; never empty once it was looked for.
        package var addresses: [MirrorAddress]
        /// Whether the vendor's own server stands for mirrors that this machine does not have.
        package var isLastResort = false
        /// Those that have suites of these names, and may be somebody else's archive.
        package var doubtful: [MirrorAddress] = []
    }

    /// Where this machine gets the archive of `vendor` from, or that of the security updates; where it gets them from
    /// nowhere, the vendor's own server. `codename` is a suite name to be known beside the names that are.
    package func addresses(of vendor: Vendor, isSecurity: Bool, codename: String, architecture: String) -> Found {
        let name = vendor.archiveFolder(isSecurity: isSecurity, architecture: architecture)
        var found = Found(addresses: [])
        for source in sources where !found.addresses.contains(source.address) {
            let suites = source.suites.filter { Self.isSecurity($0) == isSecurity }
            guard !suites.isEmpty, source.components.contains("main") else { continue }
            // Others offer packages *for* Debian under Debian's suite names, or from folders called debian.
            let hasSuite = suites.contains { vendor.hasSuite($0, codename: codename) }
            if hasSuite && source.address.lastPathComponent == name || source.signedBy.contains(vendor.keyringPrefix) {
                found.addresses.append(source.address)
            } else if hasSuite {
                found.doubtful.append(source.address)
            }
        }
        if found.addresses.isEmpty {
            found.addresses = [vendor.lastResort(isSecurity: isSecurity, architecture: architecture)]
            found.isLastResort = true
        }
        return found
    }

    /// `trixie-security`, or `buster/updates` as it was once called.
    private static func isSecurity(_ suite: String) -> Bool {
        suite.hasSuffix("-security") || suite.hasSuffix("/updates")
    }
}
