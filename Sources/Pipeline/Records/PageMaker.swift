import BuildGraph
import ContentStore
import Darksites
import Declaration
import Evidence
import Locking
import Packages
import Primitives

/// Gathers what the page about a build says. What can't be had is left out: a page is no reason for a build to fail.
struct PageMaker {
    let project: Project
    /// That the build was made of.
    let lock: Lock
    let build: BuildRecord

    /// How much of a step's log is shown: of one that proves something or failed, and of others.
    private static let shown = (telling: 24_000, usual: 7000)

    func page() async -> BuildPage {
        let gates = Set(build.steps.map(\.name).filter(Self.isGate))
        var contents: BuildPage.Part?
        if let image = build.image { contents = await self.contents(image) }
        return BuildPage(
            build: build, facts: facts, contents: contents, moves: await moves(), gates: gates,
            certificates: await certificates(), logs: await logs(gates))
    }

    /// Whether a step is there to prove something.
    private static func isGate(_ name: StepName) -> Bool {
        let last = name.text.split(separator: "/").last.map(String.init) ?? ""
        let checksSignatures = last == "signatures" && !name.text.hasPrefix("iso/")
        return last == "gate" || checksSignatures || last.hasPrefix("install-")
    }

    /// What the image is for, from the lock.
    private var facts: [BuildPage.Fact] {
        var facts: [BuildPage.Fact] = []
        let darksites = project.declaration.iso.darksites
        for locked in lock.distributions {
            guard let profiles = darksites.first(where: { $0.distribution == locked.name })?.profiles else { continue }
            let release = project.declaration[distribution: locked.name]?.release ?? ""
            let counts = profiles.map { profile in
                "\(profile) \(locked.packages(of: profile).count + locked.built.count { $0.profiles.contains(profile) })"
            }
            facts.append(
                BuildPage.Fact("\(locked.name) \(release)", counts.joined(separator: ", ") + " packages"))
            let kernels = Set(
                locked.packages.filter { $0.profiles.contains(where: profiles.contains) }.compactMap(Self.kernel))
            if !kernels.isEmpty { facts.append(BuildPage.Fact("kernel", kernels.sorted().joined(separator: ", "))) }
            if let zfs = locked.built.first?.version ?? locked.packages.first(where: { $0.name == "zfs" })?.version {
                facts.append(BuildPage.Fact("zfs", zfs))
            }
            if let date = locked.snapshots.map(\.date).max() {
                facts.append(BuildPage.Fact("archive of", String("\(date)".prefix(10))))
            }
        }
        return facts
    }

    private static func kernel(_ package: LockedPackage) -> String? {
        for prefix in ["linux-image-", "kernel-core-"] where package.name.hasPrefix(prefix) {
            let rest = package.name.dropFirst(prefix.count)
            if rest.first?.isNumber == true { return String(rest) }
        }
        return package.name == "kernel-core" ? package.version : nil
    }

    // MARK: What lies where

    private func contents(_ image: BuildRecord.Image) async -> BuildPage.Part? {
        guard let key = build[BuildPlan.image]?.key, let record = project.records.record(key) else { return nil }
        var packages: [String: [(name: String, size: ByteCount, set: String)]] = [:]
        for carried in project.declaration.iso.darksites {
            guard let locked = lock[carried.distribution] else { continue }
            let sets = await sets(of: locked, for: carried.profiles)
            packages[locked.name] = locked.packages.filter { $0.profiles.contains(where: carried.profiles.contains) }
                .map {
                    let first = $0.profiles.first { carried.profiles.contains($0) } ?? ""
                    return ($0.name, $0.size, sets[$0] ?? "profile \(first)")
                }
        }
        let inputs = record.inputs.filter { $0.key.contains("/") }.mapValues(\.artifact.size)
        return ImageContents(inputs: inputs, size: image.blob.size, packages: packages).parts
    }

    /// The set whose line asks for each package, or for what needs it; empty where that can't be found out.
    private func sets(of locked: LockedDistribution, for profiles: [String]) async -> [LockedPackage: String] {
        let requests = (try? LockKeeper(project: project).requests()) ?? []
        let tracer = PackageTracer(project: project, requests: requests)
        var sets: [PackageTracer.Key: String] = [:]
        for (_, package, chain, _) in (try? await tracer.chains(of: locked, in: Set(profiles))) ?? []
        where sets[package] == nil { sets[package] = Self.set(chain.origin) }
        var result: [LockedPackage: String] = [:]
        for package in locked.packages {
            let key = PackageTracer.Key(
                name: package.name, version: package.version, architecture: package.architecture)
            result[package] = sets[key]
        }
        return result
    }

    private static func set(_ origin: PackageChain.Origin) -> String {
        switch origin {
        case .line(let entry):
            let file = entry.location.file.split(separator: "/").last.map(String.init) ?? entry.location.file
            return "set " + (file.hasSuffix(".txt") ? String(file.dropLast(4)) : file)
        case .base: return "base system"
        case .module: return "zfs module"
        case .update: return "moved by an update"
        }
    }

    // MARK: What moved

    /// Since the last image of the same series on record; a draft does not count as one before a proven image.
    private func moves() async -> BuildPage.Moves? {
        guard let image = build.image, let builds = try? BuildHistory(records: project.records).builds() else {
            return nil
        }
        for earlier in builds where earlier.number < build.number {
            guard let before = earlier.image, before.series == image.series, before.blob != image.blob,
                before.unproven.isEmpty || !image.unproven.isEmpty, let old = await project.lock(of: earlier)
            else { continue }
            let from = LockSide(kind: .file, name: "build \(earlier.number)", lock: old, commit: nil)
            let to = LockSide(kind: .working, name: "deploy.lock", lock: lock, commit: nil)
            let comparison = try? await project.compare(from, to)
            return BuildPage.Moves(
                image: before.name, size: before.blob.size,
                comparison: comparison ?? LockComparison(from: old, to: lock))
        }
        return nil
    }

    // MARK: What was said

    private func certificates() async -> [BuildPage.Document] {
        var documents: [BuildPage.Document] = []
        for step in build.steps where step.name.text.hasSuffix("/darksite") {
            guard let key = step.key, let made = project.records.record(key)?.outputs["darksite"], made.kind == .tree,
                let tree = try? await project.artifacts.tree(made.blob),
                case .file(let blob, _) = tree.nodes[DarksiteRecipe.fileName],
                let bytes = try? await project.artifacts.bytes(of: blob)
            else { continue }
            let name = step.name.text.prefix { $0 != "/" }
            documents.append(
                BuildPage.Document(
                    title: "the certificate of \(name)", text: String(decoding: bytes, as: UTF8.self)))
        }
        return documents
    }

    private func logs(_ gates: Set<StepName>) async -> [StepName: BuildPage.Document] {
        var logs: [StepName: BuildPage.Document] = [:]
        for step in build.steps where step.outcome != .skipped {
            guard gates.contains(step.name) || step.outcome != .cached, let log = step.log,
                let bytes = try? await project.artifacts.bytes(of: log), !bytes.isEmpty
            else { continue }
            let isTelling = gates.contains(step.name) || step.outcome == .failed
            logs[step.name] = Self.end(of: bytes, limit: isTelling ? Self.shown.telling : Self.shown.usual)
        }
        return logs
    }

    /// The last lines of a log, `limit` bytes at most, as a person at a terminal would see them.
    static func end(of bytes: [UInt8], limit: Int) -> BuildPage.Document {
        var kept = bytes.suffix(limit)
        if kept.count < bytes.count, let line = kept.firstIndex(of: UInt8(ascii: "\n")) {
            kept = kept[kept.index(after: line)...]
        }
        let lines = kept.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            String(decoding: line.split(separator: 0x0D).last ?? [], as: UTF8.self).withoutControlCharacters
        }
        return BuildPage.Document(
            title: "", text: lines.joined(separator: "\n"), leftOut: ByteCount(bytes.count - kept.count))
    }
}
