import BuildGraph
import ContentStore
import Darksites
import Declaration
import Locking
import Primitives
import SystemPackage

/// Where an image is built a second time: a folder with a copy of the checkout, a store that has nothing but what the lock names by
/// digest, and a signing key of its own.
struct SecondGround {
    let folder: FilePath
    let project: Project

    var checkout: FilePath { folder.appending("checkout") }
    var cache: FilePath { folder.appending("store") }
    private var temporary: FilePath { folder.appending("tmp") }
    private var key: FilePath { folder.appending("key") }

    /// Which key signs.
    enum Signer { case same, other }

    /// Makes it in a new folder of `base`.
    init(below base: FilePath, of project: Project) throws {
        var number = 1
        while try !Files.createNewDirectory(base.appending("reproduce-\(number)")) { number += 1 }
        folder = base.appending("reproduce-\(number)")
        self.project = project
        for part in [temporary, cache] { try Files.createDirectory(part) }
    }

    /// Copies the checkout, and all of `lock` that the store has: what was fetched is known by its digest, and fetching it again would
    /// show nothing.
    func prepare(_ lock: Lock) async throws {
        let modes = try UnusualModes.scan(project.declaration.live.includes)
        try copy(project.declaration.folder, to: checkout, keepsModes: !modes.isEmpty)
        let store = try ContentStore(root: cache)
        let blobs = lock.signedFiles.union(lock.distributions.flatMap { $0.packages.map(\.blob) })
        let there = try await blobs.subtracting(project.store.missing(of: blobs))
        let arriving = try store.workArea.makeFolder("reproduce")
        try await project.store.materialize(
            try FileTree(Dictionary(uniqueKeysWithValues: there.map { ($0.digest.hex, .file($0)) })), at: arriving)
        _ = try await store.insert(folder: arriving)
        try Files.remove(arriving)
    }

    /// Everything of the checkout but what builds make, and what git and the compiler keep there. Without `keepsModes`, all is as a
    /// umask of 077 leaves it.
    private func copy(_ source: FilePath, to destination: FilePath, keepsModes: Bool) throws {
        let made = Set(
            [project.declaration.output.folder, project.workspace.cache, project.workspace.logs].map(\.string)
                + [source.appending(".git").string])
        func copy(_ source: FilePath, _ destination: FilePath) throws {
            try Files.createDirectory(destination)
            for name in try Files.list(source) {
                let (from, to) = (source.appending(name), destination.appending(name))
                guard !made.contains(from.string), !name.hasPrefix(".build"), let status = try FileStatus(at: from)
                else {
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

    /// Builds there as a process of its own, `executable` with `arguments`; what it says goes to standard error.
    ///
    /// Throws `SecondBuildFailed` where that fails.
    func build(_ executable: FilePath, _ arguments: [String], signer: Signer) async throws {
        var environment = project.surroundings.environment
        environment["KLDLOAD_CHECKOUT"] = nil
        environment["DEPLOY_CACHE"] = cache.string
        environment["DEPLOY_KEY"] = signer == .other ? key.string : try project.workspace.key.string
        environment.merge(variables) { $1 }
        let script = #"umask 077; cd /; exec "$@""#
        let status = try await ChildProgram("sh", environment: environment, grace: .seconds(20)).runAloud(
            [
                "-c", script, "-", executable.string, "build", "--locked", "--directory", checkout.string, "--jobs",
                "\(jobs)",
            ] + arguments)
        guard status == 0 else { throw SecondBuildFailed(folder: folder, status: status) }
    }

    // MARK: What is other than in the first build

    private var jobs: Int { project.surroundings.cores > 1 ? project.surroundings.cores - 1 : 2 }
    private var variables: [String: String] {
        ["TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "TMPDIR": temporary.string]
    }

    /// Each with what it was and what it is.
    func variations() throws -> [Variation] {
        func value(_ name: String) -> String { project.surroundings.environment[name] ?? "not set" }
        return [
            Variation("checkout", project.declaration.folder.string, checkout.string),
            Variation("store", project.workspace.cache.string, "\(cache), empty but for what the lock names"),
            Variation("umask", "this shell's", "077"),
            Variation("TZ", value("TZ"), variables["TZ"] ?? ""),
            Variation("LC_ALL, LANG", "\(value("LC_ALL")), \(value("LANG"))", variables["LC_ALL"] ?? ""),
            Variation("TMPDIR", value("TMPDIR"), temporary.string),
            Variation("cores for steps", "\(project.surroundings.cores)", "\(jobs)"),
            Variation("clock", "when the first was built", "now"),
            Variation("signing key", "this host's", "a new one; then this host's"),
        ]
    }
}
