package import BuildGraph
import Primitives
import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// How containers are started, and whether that was found out just now or by an earlier run of this program.
struct Trial: Sendable {
    let choice: RuntimeChoice
    let isRemembered: Bool
}

/// Which OCI runtime and which limits work here: found out by starting a container, once for each host as it is.
extension Podman {
    /// How containers are started on this host, by a trial run in `image` unless one is on record.
    ///
    /// Throws `ContainerError.noRuntimeWorks` with what each candidate said where nothing works.
    package func probe(_ image: ContainerImage) async throws -> RuntimeChoice {
        try await trial(image: try await provide(image)).choice
    }

    private static let oneChoice = "runtime"
    private var record: FilePath { state.appending("runtime") }

    func trial(image: String) async throws -> Trial {
        try await choices.value(for: Self.oneChoice) {
            let fingerprint = try hostFingerprint()
            if Files.exists(record),
                let choice = RuntimeChoice(record: try Files.readText(record), fingerprint: fingerprint)
            {
                return Trial(choice: choice, isRemembered: true)
            }
            let choice = try await search(image: image)
            try Files.createDirectory(state)
            try Files.write(choice.record(fingerprint: fingerprint).utf8, to: record)
            onNotice(choice.explanation)
            return Trial(choice: choice, isRemembered: false)
        }
    }

    /// Forgets what is on record, because it did not work.
    func forgetChoice(_ trial: Trial) async throws {
        // Another container may have found out anew already; then that is kept.
        let current = try await choices.value(for: Self.oneChoice) { trial }
        guard current.isRemembered else { return }
        try Files.remove(record)
        await choices.forget(Self.oneChoice)
    }

    private func search(image: String) async throws -> RuntimeChoice {
        let reply = try await client.call(PodmanArguments.defaultRuntime)
        guard reply.status == 0 else {
            throw ContainerError.podmanFailed(action: "say how this host is set up", messages: reply.messages)
        }
        let usual = reply.text.filter { !$0.isWhitespace }
        var runtimes = usual.isEmpty ? [] : [Runtime(name: usual, argument: nil)]
        for (name, path) in runtimesOnPath() where name != usual {
            // podman has a table with the paths of runc and crun, in which others may be missing.
            runtimes.append(Runtime(name: name, argument: name == "youki" ? path.string : name))
        }
        var failures: [RuntimeAttempt] = []
        for choice in RuntimeChoice.candidates(runtimes: runtimes, limits: try HostLimits.current()) {
            guard let message = try await failure(of: choice, image: image) else {
                return choice.explained(after: failures)
            }
            failures.append(RuntimeAttempt(choice: choice, message: message))
        }
        throw ContainerError.noRuntimeWorks(attempts: failures)
    }

    /// What podman says where a container does not start with `choice`; nil where it does.
    private func failure(of choice: RuntimeChoice, image: String) async throws -> String? {
        let owner = try ContainerOwner.current()
        let name = PodmanArguments.containerName(
            process: owner.processID, unique: .random(in: 0 ... .max), purpose: "trial")
        let arguments = PodmanArguments.trial(name: name, image: image, owner: owner.label, choice: choice)
        let limit = Duration.seconds(30)
        do {
            let reply = try await withThrowingTaskGroup(of: ChildProgram.Outcome?.self) { group in
                group.addTask { try await client.call(arguments) }
                group.addTask {
                    try await Task.sleep(for: limit)
                    return nil
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
            if reply?.status == 0 { return nil }
            try await removeContainers([name])
            guard let reply else { return "no answer in \(limit.components.seconds) seconds" }
            return Self.reason(reply)
        } catch {
            try await removeContainers([name])
            throw error
        }
    }

    /// podman's last line, without the words it puts before every error.
    private static func reason(_ reply: ChildProgram.Outcome) -> String {
        guard var line = reply.messages.last else { return "exit status \(reply.status)" }
        for prefix in ["Error: ", "OCI runtime error: "] where line.hasPrefix(prefix) { line.removeFirst(prefix.count) }
        return line
    }

    private func runtimesOnPath() -> [(name: String, path: FilePath)] {
        ["crun", "runc", "youki"].compactMap { name in find(name).map { (name, $0) } }
    }

    /// Where `program` is: on the user's PATH, or where podman looks besides.
    private func find(_ program: String) -> FilePath? {
        if program.contains("/") { return FilePath(program) }
        let path = (client.program.environment?["PATH"] ?? "").split(separator: ":").map(String.init)
        return (path + ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin"])
            .map { FilePath($0).appending(program) }
            .first { candidate in candidate.withPlatformString { access($0, X_OK) } == 0 }
    }

    /// The digest of what the answer depends on, made from `stat` calls: podman and the runtimes, their configuration, the
    /// kernel, and the limits of this process.
    private func hostFingerprint() throws -> Digest {
        var facts: [String] = []
        var files = ([client.program.name, "crun", "runc", "youki", "conmon"]).compactMap { find($0) }
        files += ["/etc/containers/containers.conf", "/usr/share/containers/containers.conf"]
        if let home = client.program.environment?["HOME"] {
            files.append(FilePath(home).appending(".config/containers/containers.conf"))
        }
        for file in files {
            let status = try FileStatus(at: file)
            facts.append("\(file) \(status?.size ?? -1) \(status?.modified ?? 0) \(status?.inode ?? 0)")
        }
        facts.append((try? Proc().text("sys/kernel/osrelease")) ?? "")
        let limits = try HostLimits.current()
        facts.append("\(limits.openFiles ?? 0) \(limits.processes ?? 0) \(limits.capabilities) \(limits.userID)")
        return Digest(of: facts.map { "\($0.utf8.count):\($0)" }.joined().utf8)
    }
}
