import BuildGraph
import Primitives
import SystemPackage

extension Project {
    /// Makes sure that a trace can be written to `file`, before anything else is done: an empty one is there afterwards.
    ///
    /// Throws `Mistake`.
    func prepareTrace(_ file: FilePath) throws(Mistake) {
        do {
            try Files.write(BuildTrace.empty.bytes, to: file)
        } catch {
            throw Mistake(
                "the trace can't be written: \(error.what)", at: nil,
                hint: "name a file in a folder that is there and yours: --trace /tmp/build.json")
        }
    }

    /// Runs `body`, and then writes the trace that `request` asks for, also where it fails. That the trace can't be written by then
    /// is said, and no reason to fail.
    func tracing<T>(_ request: BuildRequest, _ journal: BuildJournal, _ body: () async throws -> T) async throws -> T {
        do {
            let result = try await body()
            writeTrace(request, journal, .succeeded)
            return result
        } catch {
            writeTrace(request, journal, BuildRecord.Outcome(error))
            throw error
        }
    }

    private func writeTrace(_ request: BuildRequest, _ journal: BuildJournal, _ outcome: BuildRecord.Outcome) {
        guard let file = request.trace else { return }
        let soFar = journal.soFar
        let record =
            journal.record
            ?? BuildRecord(
                started: journal.started, duration: journal.time, folder: workspace.root.string, request: request.words,
                outcome: outcome, commit: nil, lock: nil, causes: [], phases: soFar.phases, steps: [])
        do {
            try Files.write(BuildTrace(of: record, notices: soFar.notices).json.bytes, to: file)
        } catch {
            events(.warning("the trace could not be written: \(error.what)"))
        }
    }
}
