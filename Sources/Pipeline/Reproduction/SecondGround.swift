import BuildGraph
import ContentStore
import Darksites
import Declaration
import Locking
import Primitives
import SystemPackage

/// Where an image is built a second time: a folder with a copy of the checkout, a store that has nothing but what the lock names by
/// digest, and a signing key of its own.
///
/// Where another user builds, all of it is that user's, podman's storage too.
struct SecondGround {
    let folder: FilePath
    let project: Project
    /// Who builds; nil: this process's user.
    let user: LocalUser?
    /// What puts the clock forward; nil: nothing does.
    let clock: MovedClock?

    var checkout: FilePath { folder.appending("checkout") }
    var cache: FilePath { folder.appending("store") }
    private var temporary: FilePath { folder.appending("tmp") }
    private var program: FilePath { folder.appending("deploy") }
    private var home: FilePath { folder.appending("home") }
    private var runtime: FilePath { folder.appending("run") }
    private var clockFolder: FilePath { folder.appending("clock") }

    /// Which key signs.
    enum Signer { case same, other }

    /// Makes it in a new folder of `base`.
    init(below base: FilePath, of project: Project, for user: LocalUser?, at clock: MovedClock?) throws {
        var number = 1
        while try !Files.createNewDirectory(base.appending("reproduce-\(number)")) { number += 1 }
        folder = base.appending("reproduce-\(number)")
        self.project = project
        self.user = user
        self.clock = clock
        for part in [temporary, cache] { try Files.createDirectory(part) }
    }

    /// Copies the checkout, the program `executable`, and all of `lock` that the store has: what was fetched is known by its digest, and
    /// fetching it again would show nothing.
    func prepare(_ lock: Lock, with executable: FilePath) async throws {
        let modes = try UnusualModes.scan(project.declaration.live.includes)
        let made = [project.declaration.output.folder, project.workspace.cache, project.workspace.logs]
        try copy(
            project.declaration.folder, to: checkout, keepsModes: !modes.isEmpty,
            leaving: Set(made + [project.declaration.folder.appending(".git")]))
        try FileCopy.copy(executable, to: program, permissions: 0o755)
        let store = try ContentStore(root: cache)
        let blobs = lock.signedFiles.union(lock.distributions.flatMap { $0.packages.map(\.blob) })
        let there = try await blobs.subtracting(project.store.missing(of: blobs))
        let arriving = try store.workArea.makeFolder("reproduce")
        // What is laid out as a program is a copy. The others are links, and what they lead to must not become another user's.
        try await project.store.materialize(
            try FileTree(
                Dictionary(uniqueKeysWithValues: there.map { ($0.digest.hex, .file($0, isExecutable: user != nil)) })),
            at: arriving)
        _ = try await store.insert(folder: arriving)
        try Files.remove(arriving)
        if user != nil {
            for part in [home, runtime] {
                try Files.createDirectory(part)
                try Files.setPermissions(0o700, of: part)
            }
        }
        try clock?.prepare(in: clockFolder)
        try await handOver(folder)
    }

    /// Makes `folder`, with all in it, the other user's, if there is one.
    private func handOver(_ folder: FilePath) async throws {
        guard let user else { return }
        let owner = "\(user.number):\(user.group)"
        let outcome = try await ChildProgram("chown", environment: nil).run(
            ["--recursive", "--no-dereference", "--", owner, folder.string])
        guard outcome.isSuccess else {
            throw Mistake("\(folder) can't be made \(user.name)'s", at: nil, details: outcome.messages)
        }
    }

    /// Everything of `source` but `left`, and what the compiler keeps there. Without `keepsModes`, all is as a umask of 077 leaves it.
    private func copy(
        _ source: FilePath, to destination: FilePath, keepsModes: Bool, leaving left: Set<FilePath> = []
    ) throws {
        func copy(_ source: FilePath, _ destination: FilePath) throws {
            try Files.createDirectory(destination)
            for name in try Files.list(source) {
                let (from, to) = (source.appending(name), destination.appending(name))
                guard !left.contains(from), !name.hasPrefix(".build"), let status = try FileStatus(at: from) else {
                    continue
                }
                let mode: UInt16 =
                    keepsModes ? status.permissions : status.permissions & 0o100 == 0 ? 0o600 : 0o700
                switch status.kind {
                case .directory:
                    try copy(from, to)
                    try Files.setPermissions(mode, of: to)
                case .regular: try FileCopy.copy(from, to: to, permissions: UInt32(mode))
                case .symbolicLink: try Files.makeLink(at: to, to: try Files.readLink(from))
                case .other: continue
                }
            }
        }
        try copy(source, destination)
        try Files.setPermissions(keepsModes ? 0o755 : 0o700, of: destination)
    }

    /// Builds there as a process of its own, with `arguments`; what it says goes to standard error.
    ///
    /// Throws `SecondBuildFailed` where that fails.
    func build(_ arguments: [String], signer: Signer) async throws {
        try await withKey(signer) { key in
            var environment = project.surroundings.environment
            environment["KLDLOAD_CHECKOUT"] = nil
            environment["DEPLOY_CACHE"] = cache.string
            environment["DEPLOY_KEY"] = key.string
            if let user {
                let others = ["SUDO_", "XDG_", "DBUS_", "CONTAINERS_", "STORAGE_"]
                environment = environment.filter { name, _ in !others.contains { name.hasPrefix($0) } }
                environment.merge(
                    ["HOME": home.string, "XDG_RUNTIME_DIR": runtime.string, "USER": user.name, "LOGNAME": user.name]
                ) { $1 }
            }
            environment.merge(variables) { $1 }
            environment.merge(clock?.variables(in: clockFolder) ?? [:]) { $1 }
            // faketime is to outlive what it runs, which takes care of a signal itself.
            let script = #"\#(clock == nil ? "" : "trap '' TERM; ")umask \#(Self.umask); cd /; exec "$@""#
            let start = ["-c", script, "-"] + (user?.words ?? [])
            let shell = ChildProgram("sh", environment: environment, grace: .seconds(20), hasOwnGroup: true)
            let status = try await closing({ await endPause(shell, start) }) {
                try await shell.runAloud(
                    start + (clock?.words ?? [])
                        + [
                            program.string, "build", "--locked", "--directory", checkout.string, "--jobs", "\(jobs)",
                        ] + arguments)
            }
            guard status == 0 else { throw SecondBuildFailed(folder: folder, status: status) }
        }
    }

    /// Does `work` with the folder of the key. Of this host's, another user gets a copy for that time.
    private func withKey(_ signer: Signer, _ work: (FilePath) async throws -> Void) async throws {
        guard signer == .same else { return try await work(folder.appending("key")) }
        let key = try project.workspace.key
        guard user != nil else { return try await work(key) }
        let copied = folder.appending("host-key")
        defer { try? Files.remove(copied) }
        try copy(key, to: copied, keepsModes: true)
        try Files.setPermissions(0o700, of: copied)
        try await handOver(copied)
        try await work(copied)
    }

    /// podman of a user who is not root leaves a process that keeps its name spaces (podman-system-migrate(1) ends it).
    private func endPause(_ shell: ChildProgram, _ start: [String]) async {
        guard user != nil else { return }
        // In a task of its own: it is to run also where this one was cancelled. Where podman never ran, there is none.
        _ = await Task { try? await shell.run(start + ["podman", "system", "migrate"]) }.value
    }

    private func closing<T>(_ close: () async -> Void, _ work: () async throws -> T) async throws -> T {
        do {
            let result = try await work()
            await close()
            return result
        } catch {
            await close()
            throw error
        }
    }

    // MARK: What is other than in the first build

    static let umask = "0077"
    var jobs: Int { project.surroundings.cores > 1 ? project.surroundings.cores - 1 : 2 }
    var variables: [String: String] {
        ["TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "TMPDIR": temporary.string]
    }
}
