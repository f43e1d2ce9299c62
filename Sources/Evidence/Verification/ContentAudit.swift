import Archives
import Darksites
import Locking
import Packages
import Primitives

/// The lock and the mirrors of an image, held against each other and against what lies there.
struct ContentAudit: Sendable {
    /// Of mirrors, closures and the lock.
    let checks: [ImageReport.Check]
    /// What the image was made from.
    let origin: ImageReport.Origin
    let lock: Lock
    let lockDigest: Digest
    /// What a bill of materials has to name.
    let packages: Set<BillReading.Line>

    /// Throws `EvidenceError`, `ArchiveError`, and what readers of locks and indexes throw.
    init(_ image: ImageContent, _ digests: [String: ImageContent.Read]) throws {
        let text = try image.bytes(EvidenceFile.lock)
        let lock = try LockReader.read(text, file: EvidenceFile.lock)
        self.lock = lock
        lockDigest = Digest(of: text)
        var mirrorFindings: [ImageReport.Finding] = []
        var closureFindings: [ImageReport.Finding] = []
        var lockFindings: [ImageReport.Finding] = []
        var packages: Set<BillReading.Line> = []
        var counted: [String] = []
        var profiles: [String] = []
        var carried: [String: CarriedMirror] = [:]
        let clock = ContinuousClock()
        var solving = Duration.zero
        for name in image.names(in: DarksitePlace.root) {
            let place = DarksitePlace(name)
            guard image.has(place.facts) else { continue }
            let facts = try CarriedFacts(name, image.bytes(place.facts))
            // What can't be read is said, and does not hide all else.
            do {
                let mirror = try CarriedMirror(facts, on: image, digests: digests)
                carried[name] = mirror
                mirrorFindings += mirror.findings
                counted.append("\(name) \(mirror.packages.count.counted("package"))")
                solving += try clock.measure { closureFindings += try ClosureAudit(image: image).findings(of: mirror) }
                profiles += facts.profiles.map { lock.distributions.count > 1 ? "\(name) \($0)" : $0 }
            } catch let error as any UserError {
                mirrorFindings.append(
                    ImageReport.Finding(place.folder, "can't be read as a mirror", details: [error.description]))
            }
        }
        for name in carried.keys.sorted() where lock[name] == nil {
            lockFindings.append(
                ImageReport.Finding(
                    DarksitePlace(name).folder, "is on the image, and \(EvidenceFile.lock) has nothing of it"))
        }
        // With the profile desktop, where the lock has such a live system, the image boots that one.
        let hasDesktop = carried.values.contains { $0.facts.profiles.contains("desktop") }
        for distribution in lock.distributions {
            let mirror = carried[distribution.name]
            let wanted = Set(mirror?.facts.profiles ?? [])
            let live = hasDesktop && !distribution.packages(of: "live-desktop").isEmpty ? "live-desktop" : "live"
            let there = Set(mirror?.packages.map(\.digest) ?? [])
            func line(_ name: String, _ version: String, _ architecture: String, _ digest: Digest) -> BillReading.Line {
                let url = PackageURL(
                    family: distribution.family, distribution: distribution.name, name: name, version: version,
                    architecture: architecture)
                return BillReading.Line(url: url.text, digest: digest)
            }
            for package in distribution.packages {
                let isCarried = !wanted.isDisjoint(with: package.profiles)
                guard isCarried || package.profiles.contains(live) else { continue }
                packages.insert(line(package.name, package.version, package.architecture, package.digest))
                if isCarried, !there.contains(package.digest) {
                    lockFindings.append(
                        ImageReport.Finding(
                            EvidenceFile.lock,
                            "names \(package.name) \(package.version) \(package.architecture), which is not in the mirror"
                        ))
                }
            }
            guard let mirror else { continue }
            let locked = Set(distribution.packages.map(\.digest))
            for package in mirror.packages where !locked.contains(package.digest) {
                let isBuilt = distribution.built.contains { $0.name == package.name && $0.version == package.version }
                if isBuilt {
                    packages.insert(line(package.name, package.version, package.architecture, package.digest))
                } else {
                    lockFindings.append(
                        ImageReport.Finding(package.path, "is in the mirror, and not in \(EvidenceFile.lock)"))
                }
            }
        }
        self.packages = packages
        let snapshots = lock.distributions.flatMap(\.snapshots)
        origin = ImageReport.Origin(
            lock: lockDigest, date: lock.epoch,
            packages: Set(lock.distributions.flatMap(\.packages).map(\.digest)).count, snapshots: snapshots.count)
        let milliseconds = Int(solving / .milliseconds(1))
        checks = [
            ImageReport.Check("mirrors", counted.joined(separator: ", "), mirrorFindings + lockFindings),
            ImageReport.Check(
                "closure",
                profiles.isEmpty
                    ? ""
                    : "\(profiles.joined(separator: ", ")) install from it alone (checked again: \(milliseconds) ms)",
                closureFindings),
        ]
    }
}
