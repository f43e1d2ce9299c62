import BuildGraph
import ContentStore
import Declaration
import Evidence
import Primitives
import SystemPackage

extension Project {
    /// Keeps a record and a page of a build that has ended, where anything ran in it; returns `result` with what was kept. That
    /// nothing could be kept is said, and no reason to fail.
    func remember(_ session: BuildSession, _ outcome: BuildRecord.Outcome, _ result: BuildResult) async -> BuildResult {
        var result = result
        let image = result.image.map { image in
            BuildRecord.Image(
                name: image.path.lastComponent?.string ?? "", series: session.plan.series,
                blob: Blob(image.digest, size: image.size), proofs: result.proofs, unproven: result.unproven)
        }
        let kept = await remember(session, outcome, image: image)
        result.build = kept?.number
        result.page = kept.map { workspace.shown($0.page) }
        return result
    }

    /// The same for one that made no image.
    @discardableResult
    func remember(
        _ session: BuildSession, _ outcome: BuildRecord.Outcome, image: BuildRecord.Image? = nil
    ) async -> (number: Int, page: FilePath)? {
        let hasRun = session.journal.soFar.hasRun
        if !hasRun, let image { await restorePage(of: image) }
        guard hasRun || session.request.trace != nil else { return nil }
        do {
            var record = try await session.record(outcome, image: image)
            session.journal.record = record
            guard hasRun else { return nil }
            // The same bytes were tested already, where an earlier build made them.
            if let image { record.tests = try builds().first { $0.image?.blob == image.blob }?.tests ?? [] }
            let page = await PageMaker(project: self, lock: session.plan.lock, build: record).page().html
            record.page = try await store.insert(Array(page.utf8))
            try await session.keep(record)
            let file =
                image.map { declaration.output.folder.appending(PublishedFiles.page(of: $0.name)) }
                ?? session.engine.logFolder.appending("build.html")
            try Files.createDirectory(file.removingLastComponent())
            try Files.write(page.utf8, to: file)
            if case .failed = outcome { events(.notice("what ran, and what did not: \(workspace.shown(file))")) }
            return (record.number, file)
        } catch {
            let words = (error as? any UserError)?.what ?? "\(error)"
            events(.warning("no record of this build was kept: \(words)"))
            return nil
        }
    }

    /// Puts the page about an image beside it again, where it is missing and on record.
    private func restorePage(of image: BuildRecord.Image) async {
        let file = declaration.output.folder.appending(PublishedFiles.page(of: image.name))
        guard !Files.exists(file),
            let page = (try? builds())?.first(where: { $0.image?.name == image.name })?.page,
            let bytes = try? await store.bytes(of: page)
        else { return }
        do {
            try Files.write(bytes, to: file)
        } catch {
            events(.warning("the page about \(image.name) could not be written: \(error.what)"))
        }
    }
}
