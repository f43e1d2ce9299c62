import BuildGraph
import Containers
import ContentStore
import Darksites
import Declaration
import Locking
import Packages
import Primitives

/// A build that fetches nothing. What would fetch asks `downloader()` or podman, and both refuse; here it is found out before anything
/// runs, so that all that is missing is told at once.
extension Project {
    /// This project, which goes over no network: what it needs is in the store, in the checkout, or in a folder of this machine that is
    /// a mirror.
    package func offline() -> Project {
        var project = self
        project.isOffline = true
        project.podman.mayPull = false
        return project
    }

    /// Throws where what is locked of `standing` can't be read, or a distribution is not locked: what is resolved, is resolved against
    /// the locked state. Not offline, nothing is looked at.
    func refuseFetching(_ standing: LockKeeper.Standing) async throws {
        guard isOffline else { return }
        let unlocked = standing.sections.filter { $0.locked == nil }.map(\.distribution.name)
        guard unlocked.isEmpty else { throw NotLockedOffline(distributions: unlocked, hasLock: standing.lock != nil) }
        let state = try standing.sections.compactMap(\.locked).flatMap(lockedState)
        try await refuse(missing: Set(state))
    }

    /// Throws where a step that has to run would fetch something, or one whose result is on record and gone. Not offline, nothing is
    /// looked at.
    func refuseFetching(
        _ standing: [(step: Step, standing: StepStanding)], wanted: Set<StepName>, rebuildsAll: Bool
    ) async throws {
        guard isOffline else { return }
        var records: [StepName: StepRecord] = [:]
        var steps: [StepName: Step] = [:]
        var open: [Step] = []
        for (step, standing) in standing {
            steps[step.name] = step
            if case .cached(let record) = standing, !rebuildsAll { records[step.name] = record }
        }
        for (name, step) in steps {
            guard let record = records[name] else {
                open.append(step)
                continue
            }
            if wanted.contains(name), try await !hasAll(record) { open.append(step) }
        }
        var running = Set(open.map(\.name))
        var fetched: Set<Blob> = []
        while let step = open.popLast() {
            fetched.formUnion(step.disk.fetched)
            for name in step.dependencies {
                guard let record = records[name], let producer = steps[name], !running.contains(name),
                    try await !hasAll(record)
                else { continue }
                running.insert(name)
                open.append(producer)
            }
        }
        try await refuse(missing: fetched)
        if case .image(let reference) = declaration.builder, !running.isEmpty,
            try await !podman.hasImage(reference)
        {
            throw ContainerError.imageNotHere(reference)
        }
    }

    /// Whether the store has all that the run of `record` made, by names and sizes.
    func hasAll(_ record: StepRecord) async throws -> Bool {
        for artifact in record.outputs.values where await !store.has(artifact) { return false }
        return true
    }

    /// Throws `NotInStore` where the store lacks some of `blobs`, and no folder of this machine may have them.
    private func refuse(missing blobs: Set<Blob>) async throws {
        let absent = try await store.missing(of: blobs)
        guard !absent.isEmpty else { return }
        let addresses = try await addresses()
        let local = addresses.byName.filter { $0.value.contains { $0.hasPrefix("/") || $0.hasPrefix("file:") } }
        var near = Set(addresses.files.keys)
        for distribution in try LockKeeper(project: self).existing()?.distributions ?? [] {
            near.formUnion(distribution.packages.filter { local[$0.repository] != nil }.map(\.digest))
            near.formUnion(distribution.snapshots.filter { local[$0.repository] != nil }.map(\.digest))
            near.formUnion(distribution.indexes.filter { local[$0.repository] != nil }.map(\.digest))
        }
        let missing = absent.filter { !near.contains($0.digest) }
        guard missing.isEmpty else { throw NotInStore(try missingFiles(missing), isOffline: true) }
    }
}

/// A distribution that would have to be locked as its archives are today.
struct NotLockedOffline: UserError {
    let distributions: [String]
    let hasLock: Bool
    var what: String {
        let names = distributions.joined(separator: ", ")
        return hasLock
            ? "deploy.lock has nothing of \(names) yet, and --offline takes no archive's state of today"
            : "there is no deploy.lock, and --offline takes no archive's state of today"
    }
    var hint: String? {
        "lock it where there is a network, and bring lock and store: `deploy cache export`, `deploy cache import FILE`"
    }
}
