import Containers
import ContentStore
import Darksites
import Declaration
import Locking
import Packages
import Primitives
import RemoteCache
import SystemPackage
import Transfer

/// One thing that a build needs of its host.
package struct HostCheck: Sendable {
    /// What was looked at: "podman", "keyring", "repository debian".
    package let subject: String
    /// What was found: a version, a path, a sentence.
    package let finding: String
    /// Whether a build can do with it; there is a `remedy` where not.
    package let isWell: Bool
    /// The command or the edit that mends it.
    package let remedy: String?

    init(_ subject: String, _ finding: String, remedy: String? = nil) {
        self.subject = subject
        self.finding = finding
        self.isWell = remedy == nil
        self.remedy = remedy
    }
}

extension Project {
    /// Looks at everything a build needs of this host; nothing is changed.
    package func examine() async -> [HostCheck] {
        var checks = [await examinePodman()]
        let helpers = ["/usr/lib/podman", "/usr/libexec/podman"].map { FilePath($0).appending("netavark") }
        checks.append(
            helpers.first(where: Files.exists).map { HostCheck("netavark", $0.string) }
                ?? HostCheck(
                    "netavark", "not found; podman starts nothing without it", remedy: "apt-get install netavark"))
        checks += ["gpgv", "gpg", "runc", "crun"].compactMap(examineTool)
        checks += examineKeyrings()
        checks.append(examineDisk())
        if let check = await examineRemote() { checks.append(check) }
        let addresses = try? await self.addresses()
        for repository in usedRepositories.sorted(by: { $0.name < $1.name }) {
            let files = (addresses?.byName[repository.name] ?? []).flatMap { address in
                repository.suites.prefix(1).map { RepositoryAddresses.url(of: "dists/\($0)/Release", at: address) }
            }
            checks.append(await examineMirror(repository.name, files))
        }
        for repository in usedRPMRepositories.sorted(by: { $0.name < $1.name }) {
            let files = (addresses?.byName[repository.name] ?? []).map { "\($0)/repodata/repomd.xml" }
            let list = addresses?.lists[repository.name].map { [$0.url] } ?? []
            checks.append(await examineMirror(repository.name, files.isEmpty ? list : files))
        }
        return checks
    }

    private func examineRemote() async -> HostCheck? {
        do {
            guard let options = try remoteOptions(RemoteRequest()) else { return nil }
            let survey = try await RemoteCache(options, events: events).survey(in: nil)
            let abilities = [
                survey.mayUpdateResults && !options.isReadOnly ? "takes results" : "read-only",
                survey.executes ? "runs steps" : nil,
            ].compactMap { $0 }
            return HostCheck(
                "remote cache",
                "\(options.address) answers in \(Int(survey.latency / .milliseconds(1))) ms, \(abilities.joined(separator: ", "))"
            )
        } catch {
            let error = error as? any UserError
            return HostCheck("remote cache", error?.what ?? "it does not answer", remedy: error?.hint ?? "--no-remote")
        }
    }

    private func examinePodman() async -> HostCheck {
        do {
            return HostCheck("podman", try await podman.version())
        } catch ContainerError.podmanMissing {
            return HostCheck("podman", "not found", remedy: "apt-get install podman")
        } catch {
            return HostCheck(
                "podman", (error as? any UserError)?.what ?? "\(error)", remedy: "`podman version` should work here")
        }
    }

    /// Of the two OCI runtimes one is enough; which one works here is found out by a trial run when the first container starts.
    private func examineTool(_ name: String) -> HostCheck? {
        let folders = (surroundings.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        func find(_ name: String) -> FilePath? {
            folders.map { FilePath(String($0)).appending(name) }.first(where: Files.exists)
        }
        if let path = find(name) { return HostCheck(name, path.string) }
        switch name {
        case "runc":
            return find("crun") == nil
                ? HostCheck("OCI runtime", "neither runc nor crun", remedy: "apt-get install runc") : nil
        case "crun": return nil
        case "gpg": return HostCheck(name, "not found", remedy: "apt-get install gnupg")
        default: return HostCheck(name, "not found", remedy: "apt-get install \(name)")
        }
    }

    private func examineKeyrings() -> [HostCheck] {
        var keyrings: [FilePath] = []
        for repository in usedRepositories {
            if case .keyring(let path) = repository.trust, !keyrings.contains(path) { keyrings.append(path) }
        }
        for path in usedRPMRepositories.flatMap(\.keys) where !keyrings.contains(path) { keyrings.append(path) }
        return keyrings.map { path in
            Files.exists(path)
                ? HostCheck("keyring", path.string)
                : HostCheck(
                    "keyring", "\(path) is missing",
                    remedy: Mistake.missingKeyring(path, at: nil).hint
                        ?? "put it there, or name another one in deploy.yaml")
        }
    }

    /// Those of the distributions in use: a build asks for no others.
    private var usedRepositories: [Declaration.Repository] {
        let used = declaration.distributionsInUse
        return declaration.distributions.filter { used.contains($0.name) }.flatMap {
            distribution -> [Declaration.Repository] in
            switch distribution.source {
            case .apt(let source): source.repositories
            case .rpm: []
            }
        }
    }

    private var usedRPMRepositories: [Declaration.RPMRepository] {
        let used = declaration.distributionsInUse
        return declaration.distributions.filter { used.contains($0.name) }.flatMap {
            distribution -> [Declaration.RPMRepository] in
            switch distribution.source {
            case .rpm(let source): source.repositories
            case .apt: []
            }
        }
    }

    private func examineDisk() -> HostCheck {
        guard let free = try? Files.freeSpace(at: workspace.cache) else {
            return HostCheck("disk", "unknown", remedy: "make \(workspace.cache)")
        }
        let wanted = ByteCount(8_000_000_000)
        return free < wanted
            ? HostCheck(
                "disk", "\(free) free for \(workspace.cache)",
                remedy: "a first build takes about \(wanted); DEPLOY_CACHE puts the cache elsewhere")
            : HostCheck("disk", "\(free) free for \(workspace.cache)")
    }

    /// Asks for the first of `files` that is there.
    private func examineMirror(_ name: String, _ files: [String]) async -> HostCheck {
        guard !files.isEmpty else { return HostCheck(name, "not declared") }
        let file = store.workArea.file("doctor-\(name)")
        let request = DownloadRequest(
            name: name, sources: files, destination: file,
            limit: ByteCount(20_000_000))
        do {
            let answer = try await downloader(connectTimeout: .seconds(5)).download(request)
            try? Files.remove(file)
            return HostCheck("repository \(name)", "\(answer.url) answers")
        } catch {
            let reason = (error as? any UserError)?.what ?? "\(error)"
            return HostCheck(
                "repository \(name)", reason,
                remedy:
                    "name a mirror: \(MirrorSelection.variable(for: name))=http://… ./deploy build; behind a proxy set http_proxy"
            )
        }
    }
}
