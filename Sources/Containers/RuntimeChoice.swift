import Primitives

/// How containers are started on this host: found out by starting one.
package struct RuntimeChoice: Hashable, Sendable {
    /// What `--runtime` gets: a name that podman knows, or a path; nil leaves podman its default.
    package var runtime: String?
    /// What the runtime is called, for people.
    package var name: String
    /// The ulimits in the container; nil leaves podman its defaults.
    package var limits: ResourceLimits?
    /// Whether containers get a cgroup of their own.
    package var cgroups: Bool
    /// Capabilities beyond podman's defaults.
    package var addedCapabilities: [String]
    /// A sentence for the user: what was chosen, and why nothing before it.
    package var explanation: String = ""

    /// What differs between choices, for people: "runc, nofile 20000, nproc 32768".
    package var settings: String {
        var parts = [name]
        if let limits {
            parts.append("nofile \(limits.openFiles), nproc \(limits.processes)")
        } else {
            parts.append("podman's own limits")
        }
        if !cgroups { parts.append("no cgroup") }
        return parts.joined(separator: ", ")
    }

    /// The choices worth a trial on a host with these `limits` and `runtimes`, podman's default first, in the order
    /// of how little they give up.
    package static func candidates(runtimes: [Runtime], limits: HostLimits) -> [RuntimeChoice] {
        let usual = ResourceLimits(within: limits, openFiles: 65_536, processes: 32_768)
        let small = ResourceLimits(within: limits, openFiles: 1024, processes: 4096)
        var settings: [(ResourceLimits?, Bool)] = [(usual, true), (small, true), (usual, false), (nil, true)]
        if small == usual { settings.remove(at: 1) }
        return settings.flatMap { limit, cgroups in
            runtimes.map { runtime in
                RuntimeChoice(
                    runtime: runtime.argument, name: runtime.name, limits: limit, cgroups: cgroups,
                    addedCapabilities: limits.addedCapabilities)
            }
        }
    }

    /// The sentence that says why it is this one, given what failed before it.
    func explained(after failures: [RuntimeAttempt]) -> RuntimeChoice {
        let reasons = failures.map { failure in
            let tried =
                failure.choice.limits == limits && failure.choice.cgroups == cgroups
                ? failure.choice.name : failure.settings
            return "; \(tried) fails here: \(failure.message)"
        }
        var result = self
        result.explanation = "containers run with \(settings)\(reasons.joined())"
        return result
    }
}

/// An OCI runtime of this host.
package struct Runtime: Hashable, Sendable {
    /// What it is called, for people: "runc".
    package let name: String
    /// What `--runtime` gets, nil for podman's default.
    package let argument: String?

    package init(name: String, argument: String?) {
        self.name = name
        self.argument = argument
    }
}

/// Limits that `setrlimit(2)` sets, soft and hard alike.
package struct ResourceLimits: Hashable, Sendable {
    /// File descriptors of a process (RLIMIT_NOFILE).
    package var openFiles: UInt64
    /// Processes and threads of a user (RLIMIT_NPROC).
    package var processes: UInt64

    package init(openFiles: UInt64, processes: UInt64) {
        self.openFiles = openFiles
        self.processes = processes
    }

    /// The numbers given, or the host's hard limits where those are lower.
    ///
    /// They have upper bounds of their own: programs that close every file descriptor there can be (dpkg's, rpm's and fakeroot's
    /// scripts do) take minutes under a limit of a billion, and podman lowers its own limit of processes to 32768.
    package init(within host: HostLimits, openFiles: UInt64, processes: UInt64) {
        self.openFiles = min(host.openFiles ?? .max, openFiles)
        self.processes = min(host.processes ?? .max, processes)
    }
}

extension RuntimeChoice {
    /// The choice as a text file, with the `fingerprint` of the host it was made on.
    func record(fingerprint: Digest) -> String {
        """
        kldload-runtime 1
        host \(fingerprint.hex)
        name \(name)
        runtime \(runtime ?? "-")
        nofile \(limits.map { "\($0.openFiles)" } ?? "-")
        nproc \(limits.map { "\($0.processes)" } ?? "-")
        cgroups \(cgroups ? "yes" : "no")
        capabilities \(addedCapabilities.joined(separator: ","))
        why \(explanation.split(whereSeparator: \.isNewline).joined(separator: " "))

        """
    }

    /// The choice in `record`; nil where it was made on another host than `fingerprint`, or is no such record.
    init?(record: String, fingerprint: Digest) {
        let lines = record.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.first == "kldload-runtime 1", lines.last == "" else { return nil }
        var fields: [Substring: Substring] = [:]
        for line in lines.dropFirst() {
            guard let space = line.firstIndex(of: " ") else { continue }
            fields[line[..<space]] = line[line.index(after: space)...]
        }
        guard fields["host"].map(String.init) == fingerprint.hex, let name = fields["name"],
            let runtime = fields["runtime"],
            let openFiles = fields["nofile"], let processes = fields["nproc"], let cgroups = fields["cgroups"],
            let capabilities = fields["capabilities"], let why = fields["why"]
        else { return nil }
        if openFiles == "-" {
            limits = nil
        } else {
            guard let files = UInt64(openFiles), let count = UInt64(processes) else { return nil }
            limits = ResourceLimits(openFiles: files, processes: count)
        }
        self.name = String(name)
        self.runtime = runtime == "-" ? nil : String(runtime)
        self.cgroups = cgroups == "yes"
        addedCapabilities = capabilities.split(separator: ",").map(String.init)
        explanation = String(why)
    }
}
