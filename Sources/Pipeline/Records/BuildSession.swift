import BuildGraph
import ContentStore
import Darksites
import Declaration
import Locking
import Primitives
import SystemPackage

/// A build that has come to its graph, and what is to be remembered of it.
struct BuildSession: Sendable {
    let project: Project
    let request: BuildRequest
    let plan: BuildPlan
    let wanted: Set<StepName>
    let engine: BuildEngine
    let journal: BuildJournal

    private var history: BuildHistory { BuildHistory(records: project.records) }

    /// The record of the build as it stands now that it has ended. Where nothing ran it is none that is kept, and has the number 0.
    func record(_ outcome: BuildRecord.Outcome, image: BuildRecord.Image?) async throws -> BuildRecord {
        let chronicle = journal.soFar
        let account = await BuildAccount(of: wanted, in: plan.graph, chronicle, by: engine)
        guard chronicle.hasRun else {
            return record(0, outcome, account, causes: [], commit: nil, lock: nil, chronicle, image: image)
        }
        let lock = try await project.store.insert(LockWriter.text(of: plan.lock))
        let commit = try? await project.git.commit("HEAD")  // no repository, no commit, no git: all the same here
        return record(
            try history.nextNumber(), outcome, account, causes: try await causes(account), commit: commit ?? nil,
            lock: lock, chronicle, image: image)
    }

    private func record(
        _ number: Int, _ outcome: BuildRecord.Outcome, _ account: BuildAccount, causes: [String], commit: String?,
        lock: Blob?, _ chronicle: BuildChronicle, image: BuildRecord.Image?
    ) -> BuildRecord {
        BuildRecord(
            number: number, started: journal.started, duration: journal.time,
            folder: project.workspace.root.string, request: request.words, outcome: outcome, commit: commit, lock: lock,
            causes: causes, phases: chronicle.phases, steps: account.steps, image: image)
    }

    /// What made it run: files of the user's that changed, and what moved in the lock since the last build; for want of both,
    /// whatever else lies behind the steps.
    private func causes(_ account: BuildAccount) async throws -> [String] {
        if request.rebuildsAll { return ["everything was asked for anew"] }
        var causes = account.userCauses
        let folder = project.workspace.root.string
        if let last = try history.builds().first(where: { $0.folder == folder && $0.lock != nil }),
            let lock = await project.lock(of: last),
            let moved = LockComparison(from: lock, to: plan.lock).inShort
        {
            causes.append("deploy.lock: \(moved)")
        }
        return causes.isEmpty ? account.otherCauses : causes
    }

    /// Keeps `record`, and no more builds than are declared.
    func keep(_ record: BuildRecord) async throws {
        let (history, kept) = (history, project.declaration.builds.keep)
        try await BlockingWork.run { try history.save(record, keeping: kept) }
    }
}

extension BuildRequest {
    /// The words of the command that asks for it.
    var words: [String] {
        [rebuildsAll ? "full" : "build"] + (isDraft ? ["--draft"] : []) + (isLocked ? ["--locked"] : []) + targets
    }
}

extension BuildRecord.Outcome {
    /// How a build ended that threw `error`.
    init(_ error: any Error) {
        self =
            error is CancellationError || Task.isCancelled
            ? .cancelled : .failed((error as? any UserError)?.what ?? "\(error)")
    }
}

extension Project {
    /// The lock that a build was made of; nil where it is not in the store any more.
    func lock(of build: BuildRecord) async -> Lock? {
        guard let blob = build.lock, let bytes = try? await store.bytes(of: blob) else { return nil }
        return try? LockReader.read(bytes, file: "the lock of build \(build.number)")
    }
}
