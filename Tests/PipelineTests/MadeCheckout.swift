import APT
import Archives
import BuildGraph
import Darksites
import Declaration
import Glibc
import Locking
import Packages
import Primitives
import Synchronization
import SystemPackage
import Testing
import Transfer

@testable import ContentStore
@testable import Pipeline

/// A folder with a declaration that builds from a `MadeArchive`, with a store of its own; gone with this object.
final class MadeCheckout: Sendable {
    let folder: FilePath
    let archive: MadeArchive
    let containers = FakeContainers()
    /// Sentences that the build said.
    private let said = Mutex<[String]>([])

    /// The first moment of 2026.
    static let now: Int64 = 1_767_225_600

    init(_ archive: MadeArchive) throws {
        self.archive = archive
        var template = Array("/tmp/made-checkout-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        folder = template.withUnsafeBufferPointer { FilePath($0.baseAddress.map { String(cString: $0) } ?? "") }
        try Tool.run(["cp", "-a", "\(archive.checkout)/.", folder.string])
        try edit("deploy.yaml", "../keyring.gpg", archive.keyring.string)
    }

    deinit { try? Files.remove(folder) }

    var lockFile: FilePath { folder.appending("deploy.lock") }
    var notices: [String] { said.withLock { $0 } }

    func edit(_ file: String, _ part: String, _ replacement: String) throws {
        let path = folder.pushing(FilePath(file))
        let text = try Files.readText(path)
        try #require(text.contains(part))
        try Files.write(text.replacing(part, with: replacement).utf8, to: path)
    }

    /// Changes a package of the lock, as somebody would who also knows how to make the lock fit again.
    func lockPackage(_ name: String, size: ByteCount? = nil, path: String? = nil, digest: Digest? = nil) throws {
        let lock = try LockReader.read(try Files.read(lockFile), file: "deploy.lock")
        let distributions = lock.distributions.map { old in
            LockedDistribution(
                name: old.name, family: .apt, architecture: old.architecture, asked: old.asked,
                snapshots: old.snapshots,
                indexes: old.indexes,
                packages: old.packages.map { package in
                    guard package.name == name else { return package }
                    return LockedPackage(
                        name: name, version: package.version, architecture: package.architecture,
                        profiles: package.profiles, isEssential: package.isEssential, size: size ?? package.size,
                        repository: package.repository, path: path ?? package.path, digest: digest ?? package.digest)
                }, built: old.built)
        }
        try Files.write(try LockWriter.text(of: Lock(distributions)), to: lockFile)
    }

    /// Writes a package set.
    func set(_ name: String, _ lines: String...) throws {
        try Files.write(
            lines.map { $0 + "\n" }.joined().utf8, to: folder.pushing("package-sets/debian").appending("\(name).txt"))
    }

    func project(
        profile: String? = nil, environment: [String: String] = [:], mirrors: String? = nil, allowed: [FilePath] = []
    ) throws -> Project {
        let variables = [
            "DEPLOY_MIRROR_MADE": mirrors ?? archive.url, "DEPLOY_KEY": archive.signingKey.string,
            "HOME": folder.string, "PATH": "/usr/bin:/bin",
        ]
        let environment = variables.merging(environment) { $1 }
        return try Project(
            file: "deploy.yaml", in: folder,
            overrides: DeclarationOverrides(profile: profile, environment: environment),
            surroundings: Surroundings(
                environment: environment, currentFolder: folder, now: { Self.now }, cores: 2, allowedFolders: allowed),
            events: { [self] event in
                switch event {
                case .notice(let text), .warning(let text): said.withLock { $0.append(text) }
                default: break
                }
            })
    }

    /// Builds `targets` as `Project.build` does, but for the containers, which are made up.
    @discardableResult
    func build(_ targets: String..., project given: Project? = nil) async throws -> BuildReport {
        let project = try given ?? project()
        let plan = try await project.currentPlan(writesLock: true, request: BuildRequest(targets: targets))
        return try await engine(project).build(try plan.graph.resolve(targets: targets), in: plan.graph)
    }

    func engine(_ project: Project) -> BuildEngine {
        BuildEngine(
            store: project.store, records: project.records, containers: containers, logFolder: folder.appending("logs"),
            cores: 2, architecture: "amd64", now: { Self.now }, events: { _ in })
    }

    /// What the gate's script says of a mirror, run on this machine with its apt: whether the packages of the profile core that
    /// `isListed` takes are what apt installs from it. Throws where it says no.
    func judge(
        _ mirror: Artifact, of locked: LockedDistribution, project: Project,
        isListed: (LockedPackage) -> Bool = { _ in true }
    ) async throws -> String {
        let folder = self.folder.appending("judged")
        try Files.remove(folder)
        try await project.store.materialize(mirror, at: folder.pushing("in/mirror"))
        try Files.write(try await SigningKey(home: project.workspace.key).publicKey, to: folder.pushing("in/key.gpg"))
        for name in ["in/profiles", "in/rules", "out"] { try Files.createDirectory(folder.pushing(FilePath(name))) }
        let list = locked.packages(of: "core").filter(isListed).map { "\($0.name) \($0.version) \($0.architecture)\n" }
        try Files.write(list.sorted().joined().utf8, to: folder.pushing("in/profiles/core"))
        try Files.write("".utf8, to: folder.pushing("in/rules/core"))
        try Files.write(GateScript.apt, to: folder.appending("judge"))
        return try Tool.run([
            "env", "GATE_IN=\(folder)/in", "GATE_OUT=\(folder)/out", "bash", folder.appending("judge").string, "trixie",
            APTMirrorRecipe.component, locked.architectures.joined(separator: ","),
        ])
    }

    /// The error that resolving must end in.
    func resolutionErrors(
        _ project: Project? = nil, sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) async throws -> String {
        do {
            _ = try await LockKeeper(project: project ?? self.project()).current()
        } catch let error as any UserError {
            return error.description
        }
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
        return ""
    }
}

extension ContentStore {
    func bytes(of digest: Digest) throws -> [UInt8] { try Files.read(path(of: digest)) }
    func tree(_ digest: Digest) throws -> FileTree { try FileTree(serialized: bytes(of: digest)) }

    /// The names of all blobs, and of those whose bytes are not what they are called after.
    func audit() throws -> (blobs: Set<String>, damaged: [String]) {
        var blobs: Set<String> = []
        var damaged: [String] = []
        for shard in try Files.list(root.appending("blobs")) {
            for name in try Files.list(root.appending("blobs").appending(shard)) {
                blobs.insert(name)
                let digest = try Files.digest(root.appending("blobs").appending(shard).appending(name)).digest
                if digest.hex != name { damaged.append(name) }
            }
        }
        return (blobs, damaged)
    }
}

extension Downloader {
    /// Limits so short that a bad mirror is done with in a second or two.
    static var impatient: Downloader {
        var options = Options()
        options.connectTimeout = .seconds(1)
        options.stallTime = .seconds(2)
        options.grace = .seconds(3)
        options.retries.tries = 2
        options.retries.firstPause = .milliseconds(20)
        options.retries.headway = ByteCount(10_000_000)
        return Downloader(options: options)
    }
}

/// Containers that run nothing: what they write follows from the bytes that they were given and from nothing else.
final class FakeContainers: ContainerRunner {
    private let names = Mutex<[String]>([])

    /// The steps that ran since the last call, sorted.
    func take() -> [String] {
        names.withLock { names in
            defer { names = [] }
            return names.sorted()
        }
    }

    func run(_ command: ContainerCommand, onLine: @escaping @Sendable (String) -> Void) async throws -> Int32 {
        names.withLock { $0.append(command.name) }
        var seed = command.script + command.arguments.joined(separator: " ").utf8
        for (name, value) in command.environment.sorted(by: { $0.key < $1.key }) { seed += "\(name)=\(value)".utf8 }
        for (name, path) in command.mounts.sorted(by: { $0.key < $1.key }) { try add(path, as: name, to: &seed) }
        if case .rootFilesystem(let digest, _) = command.image { seed += digest.bytes }
        let outputs = [
            "rootfs.tar", "vmlinuz", "initrd.img", "filesystem.squashfs", "efi.img", "bios.img",
            "mbr.img",
            "kldload.iso", "medium.img",
        ]
        // A root is read again: by the step that lays the includes over it, and by those that split a system.
        for root in ["rootfs.tar", "system.tar"] {
            try RootArchive.write(
                packages: [], leading: [RootArchive.Extra("seed", .file(Array(Digest(of: seed).hex.utf8)))], epoch: 0,
                to: command.output.appending(root))
        }
        for output in outputs.dropFirst() {
            try Files.write("\(output) \(Digest(of: seed).hex)".utf8, to: command.output.appending(output))
        }
        // What the gates' scripts would say, of any profile that the tests have.
        let verdict = ["core", "server"].map { "profile \($0) 3 6.12.1-amd64 -\n" }.joined()
        let tools = "apt 3.0.3\ndpkg 1.22.22\nfiles 3\nkernel 6.12.1-amd64\nzfs -\nseed \(Digest(of: seed).hex)\n"
        try Files.write((tools + verdict).utf8, to: command.output.appending("verdict"))
        return 0
    }

    private func add(_ path: FilePath, as name: String, to seed: inout [UInt8]) throws {
        guard let status = try FileStatus(at: path) else { return }
        guard status.kind == .directory else {
            seed += name.utf8
            return seed += try Files.digest(path).digest.bytes
        }
        for child in try Files.list(path) { try add(path.appending(child), as: "\(name)/\(child)", to: &seed) }
    }

    func shell(_ command: ContainerCommand) async throws -> Int32 { 0 }
}
