import BuildGraph
import ContentStore
import Primitives
import SystemPackage

extension Project {
    /// Keeps a record of a build that has ended, where anything ran in it; returns `result` with its number. That nothing could be
    /// kept is said, and no reason to fail.
    func remember(_ session: BuildSession, _ outcome: BuildRecord.Outcome, _ result: BuildResult) async -> BuildResult {
        var result = result
        let image = result.image.map { image in
            BuildRecord.Image(
                name: image.path.lastComponent?.string ?? "", series: session.plan.series,
                blob: Blob(image.digest, size: image.size), proofs: result.proofs, unproven: result.unproven)
        }
        result.build = await remember(session, outcome, image: image)
        return result
    }

    /// The same for one that made no image.
    @discardableResult
    func remember(
        _ session: BuildSession, _ outcome: BuildRecord.Outcome, image: BuildRecord.Image? = nil
    ) async -> Int? {
        let hasRun = session.journal.soFar.hasRun
        guard hasRun || session.request.trace != nil else { return nil }
        do {
            let record = try await session.record(outcome, image: image)
            session.journal.record = record
            guard hasRun else { return nil }
            try await session.keep(record)
            return record.number
        } catch {
            let words = (error as? any UserError)?.what ?? "\(error)"
            events(.warning("no record of this build was kept: \(words)"))
            return nil
        }
    }
}
