import APT
import Archives
import BuildGraph
import ContentStore
package import Darksites
import Declaration
import Evidence
import LiveImage
import Locking
import Packages
package import Primitives
package import SystemPackage

/// What a medium of updates is to be.
package struct DeltaRequest: Sendable {
    /// What machines were installed from: a lock, an ISO or a revision.
    package let from: String
    /// What they are to become.
    package let to: String
    /// A folder, or an image by its name; nil: an image in the output folder.
    package var output: FilePath?
    /// The file with the public key that machines are to trust afterwards.
    package var nextKey: FilePath?
    /// Leave out that the real package managers prove it.
    package var isDraft = false

    package init(
        from: String, to: String, output: FilePath? = nil, nextKey: FilePath? = nil, isDraft: Bool = false
    ) {
        self.from = from
        self.to = to
        self.output = output
        self.nextKey = nextKey
        self.isDraft = isDraft
    }
}

/// A medium of updates that was made.
package struct DeltaMedium: Sendable {
    /// Where it is.
    package let path: FilePath
    /// The same as people know it.
    package let shown: String
    /// Whether it is an image, and not a folder.
    package let isImage: Bool
    /// Of the image, or of all files in the folder together.
    package let size: ByteCount
    /// Of the image; of a folder that of its list of digests.
    package let digest: Digest
    /// What machines were installed from.
    package let from: LockSide
    /// What they are to become.
    package let to: LockSide
    /// Of the text of the lock of `from`.
    package let fromDigest: Digest
    /// Of the text of the lock of `to`.
    package let toDigest: Digest
    /// By distribution.
    package let deltas: [DistributionDelta]
    /// Who signed it: a fingerprint.
    package let key: String
    /// Who is to sign the next, where that is another one.
    package let nextKey: String?
    /// Who proved that nothing is missing: "solver", "apt", "dnf".
    package let proven: [String]
    /// What a draft leaves unproven; nil where nothing is.
    package let notProven: String?
    /// What the later lock's packages weigh that the image would carry.
    package let fullPackages: ByteCount
    /// The whole image that it spares people, where one of the sides is one: the later, or the earlier.
    package let fullImage: (name: String, size: ByteCount)?
}

/// Media that have what machines lack.
extension Project {
    /// Makes the medium that brings machines from one lock to another.
    ///
    /// Throws `DeltaError` where there is no such way, `Mistake` for what was asked wrongly, what the gates found, as builds do.
    package func makeDelta(_ request: DeltaRequest) async throws -> DeltaMedium {
        let output = request.output.map { DeltaOutput(path: surroundings.absolute($0), shown: $0.string) }
        try output?.check()
        // Before the store is held: a revision that has to be resolved holds it meanwhile.
        let from = try await side(request.from)
        let to = try await side(request.to)
        return try await holdingStore { try await makeDelta(request, from, to, output, holding: $0) }
    }

    private func makeDelta(
        _ request: DeltaRequest, _ from: LockSide, _ to: LockSide, _ output: DeltaOutput?, holding storeLock: StoreLock
    ) async throws -> DeltaMedium {
        let plan = try await deltaPlan(request, from: from, to: to)
        let fromDigest = try DeltaManifest.digest(of: from.lock)
        let toDigest = try DeltaManifest.digest(of: to.lock)
        let output = output ?? defaultOutput(from, to, isDraft: request.isDraft, fromDigest, toDigest)
        try output.check()
        let target = output.isImage ? DeltaPlanner.image : DeltaPlanner.medium
        let wanted: Set<StepName> = [DeltaPlanner.medium, target]
        let (engine, budget) = try await prepare(
            wanted, in: plan.graph, rebuildsAll: false, collectsGarbage: false, holding: storeLock)
        let report = try await engine.build(wanted, in: plan.graph)
        await budget?.close()
        guard let made = report.records[target]?.outputs[output.isImage ? "medium.img" : "medium"],
            let digests = report.records[DeltaPlanner.digests]?.outputs["sha256sums"]
        else { throw DamagedImage() }
        try await output.write(made, from: artifacts)
        let deltas = plan.deltas
        let full = deltas.flatMap { delta in
            let carried = Set(delta.profiles.map(\.name))
            return delta.to.packages.filter { !carried.isDisjoint(with: $0.profiles) }
        }
        let managers = Set(deltas.map(\.to.family.manager)).sorted().joined(separator: " and ")
        return DeltaMedium(
            path: output.path, shown: output.shown, isImage: output.isImage, size: made.size,
            digest: output.isImage ? made.digest : digests.digest, from: from, to: to, fromDigest: fromDigest,
            toDigest: toDigest, deltas: deltas, key: plan.manifest.key, nextKey: plan.manifest.nextKey,
            proven: plan.manifest.proven,
            notProven: request.isDraft
                ? "that the real \(managers) updates machines with it: this is a draft" : nil,
            fullPackages: full.reduce(.zero) { $0 + $1.size }, fullImage: try fullImage(to, from))
    }

    /// The steps of a medium, and what it is made of.
    struct DeltaPlan {
        /// With those of the image, some of which it is made of.
        let graph: StepGraph
        let deltas: [DistributionDelta]
        let manifest: DeltaManifest
    }

    /// What the medium that brings machines from `from` to `to` is made of. The store must be held: packages may come in.
    func deltaPlan(_ request: DeltaRequest, from: LockSide, to: LockSide) async throws -> DeltaPlan {
        let deltas = try deltas(from, to)
        let signer = try await SigningKey(home: workspace.key)
        let next = try await nextKey(request.nextKey, after: signer)
        // What is signed here was followed from the declared keys, as it is for an image.
        let used = Set(deltas.map(\.to.name)).union(declaration.distributionsInUse)
        for locked in to.lock.distributions where used.contains(locked.name) {
            guard let declared = declaration[distribution: locked.name] else { continue }
            try await LockKeeper(project: self).verify(locked, as: declared)
        }
        let plan = try await plan(to.lock)
        try await takeIn(deltas, from: from, to)
        var parts: [DeltaPlanner.Part] = []
        for delta in deltas {
            guard let darksite = plan.darksites.first(where: { $0.locked.name == delta.to.name }) else { continue }
            let earlier = try await earlierPackages(delta, of: from, codename: darksite.declaration.codename)
            parts.append(DeltaPlanner.Part(delta: delta, earlier: earlier, darksite: darksite))
        }
        let managers = request.isDraft ? [] : Set(deltas.map(\.to.family.manager)).sorted()
        let manifest = DeltaManifest(
            from: from.lock, to: to.lock, key: signer.fingerprint, nextKey: next?.fingerprint,
            parts: parts.map { ($0.delta, $0.darksite.declaration.release, $0.darksite.declaration.codename) },
            proven: ["solver"] + managers)
        var signature: [UInt8] = []
        if let next { signature = try await signer.detachSign(next.key, epoch: plan.epoch) }
        let steps = try DeltaPlanner(
            parts: parts, manifest: try manifest.bytes, signer: signer,
            nextKey: next.map { ($0.key, signature) }, recipe: plan.recipe, isDraft: request.isDraft
        ).steps()
        return DeltaPlan(
            graph: try StepGraph(plan.graph.steps.values + steps), deltas: deltas, manifest: manifest)
    }

    /// What becomes of the distributions that the image would carry, as far as they move.
    private func deltas(_ from: LockSide, _ to: LockSide) throws -> [DistributionDelta] {
        var deltas: [DistributionDelta] = []
        var common = 0
        for darksite in declaration.iso.darksites {
            guard let old = from.lock[darksite.distribution], let new = to.lock[darksite.distribution] else { continue }
            common += 1
            let delta = try DistributionDelta(from: old, to: new, profiles: darksite.profiles)
            for profile in darksite.profiles where !delta.profiles.contains(where: { $0.name == profile }) {
                let side = old.profiles.contains(profile) ? to.name : from.name
                events(.notice("\(new.name): \(side) has no profile \(profile): the medium has nothing for it"))
            }
            for package in delta.rebuilt {
                events(
                    .warning(
                        """
                        \(new.name): \(package.name) \(package.version) is another file than before under the same version: no \
                        package manager would take it for an update, so machines keep the one that they have
                        """))
            }
            if delta.isEmpty {
                events(.notice("\(new.name): nothing moved in \(delta.profiles.map(\.name).joined(separator: ", "))"))
            } else {
                deltas.append(delta)
            }
        }
        guard common > 0 else {
            throw DeltaError(
                .noDistribution(
                    asked: declaration.iso.darksites.map(\.distribution), from: from.name, to: to.name))
        }
        guard !deltas.isEmpty else { throw DeltaError(.nothingMoved(from: from.name, to: to.name)) }
        return deltas
    }

    /// What machines have: by the indexes that the earlier lock names, or by those on the earlier image.
    private func earlierPackages(
        _ delta: DistributionDelta, of side: LockSide, codename: String
    ) async throws -> EarlierPackages {
        let profiles = delta.profiles.map(\.name)
        if let image = side.path, let source = try await Self.index(of: delta.from, on: image, codename: codename) {
            return try await EarlierPackages(delta.from, profiles: profiles, from: source)
        }
        let fetch = packageFetch(of: [delta.from])
        do {
            try await fetch.fetch(delta.from.indexes.map { ArchiveFile($0) }, into: artifacts, areLocked: true)
        } catch let error as any UserError {
            throw EarlierIndexGone(side: side.name, distribution: delta.from.name, cause: error)
        }
        return try await EarlierPackages(delta.from, profiles: profiles, from: .indexes(artifacts))
    }

    private static func index(
        of locked: LockedDistribution, on image: FilePath, codename: String
    ) async throws -> EarlierPackages.Source? {
        let mirror = DarksitePlace(locked.name).mirror(locked.family)
        return try await BlockingWork.run {
            let volume = try DiscVolume(image)
            let entries = try volume.entries().filter { $0.kind == .file && $0.path.hasPrefix("\(mirror)/") }
            func bytes(_ isWanted: (String) -> Bool) throws -> [UInt8]? {
                try entries.first { isWanted($0.path) }.map { entry in
                    try Compression(fileName: entry.path).decompress(
                        try volume.bytes(of: entry, limit: ByteCount(2_000_000_000)), name: entry.path,
                        limit: ByteCount(4_000_000_000))
                }
            }
            switch locked.family {
            case .apt:
                let texts = try locked.architectures.compactMap { architecture in
                    let index = APTMirrorRecipe.index(codename: codename, architecture: architecture)
                    return try bytes { $0 == "\(mirror)/\(index)" }
                }
                return texts.isEmpty ? nil : .debian(texts)
            case .rpm:
                guard let primary = try bytes({ $0.contains("-primary.") }) else { return nil }
                return .rpm(primary: primary, fileLists: try bytes { $0.contains("-filelists.") })
            }
        }
    }

    /// Brings package files that the store lacks out of images that have them: archives delete what is superseded.
    private func takeIn(_ deltas: [DistributionDelta], from: LockSide, _ to: LockSide) async throws {
        for delta in deltas {
            if let image = to.path { try await takeIn(delta.packages, of: delta.to, from: image) }
            if let image = from.path, delta.from.family == .rpm {
                try await takeIn(delta.from.packages, of: delta.from, from: image)
            }
        }
    }

    private func takeIn(_ packages: [LockedPackage], of locked: LockedDistribution, from image: FilePath) async throws {
        let missing = try await store.missing(of: Set(packages.map { Blob($0.digest, size: $0.size) }))
        guard !missing.isEmpty else { return }
        let names = Dictionary(
            packages.filter { missing.contains(Blob($0.digest, size: $0.size)) }.map { ($0.fileName, $0) }
        ) { first, _ in first }
        let folder = "\(DarksitePlace(locked.name).mirror(locked.family))/"
        let volume = try await BlockingWork.run { try DiscVolume(image) }
        for entry in try await BlockingWork.run({ try volume.entries() }) where entry.path.hasPrefix(folder) {
            let name = entry.path.split(separator: "/").last.map(String.init) ?? ""
            guard entry.kind == .file, let package = names[name], entry.size == package.size.bytes else { continue }
            let bytes = try await BlockingWork.run { try volume.bytes(of: entry, limit: package.size) }
            // Another file of that name is none of what is missing.
            if Digest(of: bytes) == package.digest { _ = try await store.insert(bytes) }
        }
    }

    private func nextKey(
        _ file: FilePath?, after signer: SigningKey
    ) async throws -> (key: [UInt8], fingerprint: String)? {
        guard let file else { return nil }
        let path = surroundings.absolute(file)
        guard Files.exists(path) else { throw Mistake("there is no key \(file)", at: nil) }
        let key = try await PublicKey(reading: try Files.read(path), source: file.string)
        guard key.fingerprint != signer.fingerprint else {
            throw Mistake(
                "\(file) is the key that signs now: it follows on itself", at: nil,
                hint: "`deploy key --export` with the next DEPLOY_KEY writes the one that is meant")
        }
        return (key.bytes, key.fingerprint)
    }

    /// In the output folder, called after the days of both locks and what they are.
    private func defaultOutput(
        _ from: LockSide, _ to: LockSide, isDraft: Bool, _ fromDigest: Digest, _ toDigest: Digest
    ) -> DeltaOutput {
        func day(_ side: LockSide, _ digest: Digest) -> String { "\(side.lock.epoch?.day ?? "0")-\(digest.short)" }
        let draft = isDraft ? ImagePublisher.draftMark : ""
        let name = "kldload-delta-\(day(from, fromDigest))-\(day(to, toDigest))\(draft).img"
        let path = declaration.output.folder.appending(name)
        return DeltaOutput(path: path, shown: workspace.shown(path))
    }

    /// The image that the medium spares people: the later side where it is one, else the earlier, which is much the same.
    private func fullImage(_ sides: LockSide...) throws -> (name: String, size: ByteCount)? {
        for side in sides {
            guard let path = side.path, let status = try FileStatus(at: path, followsLinks: true) else { continue }
            return (side.name, ByteCount(status.size))
        }
        return nil
    }
}

/// The indexes of the earlier lock, which say what machines have, can't be had any more.
struct EarlierIndexGone: UserError {
    let side: String
    let distribution: String
    let cause: any UserError
    var what: String {
        "what machines of \(distribution) have from \(side) can't be proven: its indexes are not to be had"
    }
    var details: [String] { [cause.what] + cause.details }
    var hint: String? {
        "name the ISO that was made of it, which has its index inside; or bring the store (DEPLOY_CACHE) that made the lock"
    }
}
