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
    package func addresses(of repository: Declaration.Repository) throws(Mistake) -> [MirrorAddress] {
        let override = try override(repository.name)
        guard override.isEmpty else { return override }
        var addresses: [MirrorAddress] = []
        for mirror in repository.mirrors {
            switch mirror {
            case .address(let address): addresses.append(address)
            case .host(let archive): addresses += host.addresses(of: archive).addresses
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

    /// What the apt of this machine is asked for; nil where it is not asked where `repository` is.
    func askedOfHost(_ repository: Declaration.Repository) -> VendorArchive? {
        let override = environment[Self.variable(for: repository.name)] ?? ""
        guard override.allSatisfy({ $0 == " " }) else { return nil }
        for case .host(let archive) in repository.mirrors { return archive }
        return nil
    }

    /// The ways that apt goes to the addresses that `repository` has from the apt of this machine, by address.
    package func proxies(of repository: Declaration.Repository) -> [String: APTProxies.Choice] {
        guard let archive = askedOfHost(repository) else { return [:] }
        var proxies: [String: APTProxies.Choice] = [:]
        for address in host.addresses(of: archive).addresses { proxies[address.url] = proxy(for: address) }
        return proxies
    }

    /// The way that apt goes to `address`; nil to a folder.
    package func proxy(for address: MirrorAddress) -> APTProxies.Choice? {
        guard case .remote(let url) = address, let name = address.host else { return nil }
        return host.proxies.choice(host: name, isSecure: url.hasPrefix("https:"))
    }

    /// Says why the vendor's server is asked for `repository` where this machine has packages from elsewhere; nil where one of
    /// apt's addresses is taken, where apt has none that could be meant, and where nobody asks for them.
    func remark(on repository: Declaration.Repository) -> String? {
        guard let archive = askedOfHost(repository) else { return nil }
        let found = host.addresses(of: archive)
        guard found.isLastResort, let other = found.doubtful.first, let used = found.addresses.first else { return nil }
        return """
            \(repository.name): asking \(used), not \(other) of this machine's apt: neither the address nor its Signed-By says \
            that it is \(archive.vendor.title)'s archive (if it is: mirrors: ["\(other)"], or \(Self.variable(for: repository.name)))
            """
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

    /// Where this machine gets `archive` from; where it gets it from nowhere, the vendor's own server.
    package func addresses(of archive: VendorArchive) -> Found {
        var found = Found(addresses: [])
        for source in sources where !found.addresses.contains(source.address) {
            let suites = source.suites.filter { VendorArchive.isSecurity($0) == archive.isSecurity }
            guard !suites.isEmpty, source.components.contains("main") else { continue }
            // Others offer packages *for* Debian under Debian's suite names, or from folders called debian.
            let hasSuite = suites.contains(where: archive.hasSuite)
            if hasSuite && source.address.lastPathComponent == archive.folder || archive.vendor.signs(source.signedBy) {
                found.addresses.append(source.address)
            } else if hasSuite {
                found.doubtful.append(source.address)
            }
        }
        if found.addresses.isEmpty {
            found.addresses = [archive.address]
            found.isLastResort = true
        }
        return found
    }
}
