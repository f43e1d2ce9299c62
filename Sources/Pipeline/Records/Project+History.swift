package import BuildGraph
import ContentStore
import Packages
import Primitives
import SystemPackage

/// What a step said in a build, and since when.
package struct KeptLog: Sendable {
    /// The step in the build that was asked about.
    package let step: StepRun
    /// The build.
    package let build: BuildRecord
    /// All that it said, bytes that are no UTF-8 replaced.
    package let text: String
}

extension Project {
    /// The builds that are kept in the store, the newest first.
    package func builds() throws -> [BuildRecord] { try BuildHistory(records: records).builds() }

    /// The build that `name` means: a number, `latest`, or the image that came of it (its name, or a path to it).
    ///
    /// Throws `UnknownBuild`.
    package func build(named name: String) throws -> BuildRecord {
        let builds = try builds()
        let found: BuildRecord?
        if name == "latest" {
            found = builds.first
        } else if let number = Int(name) {
            found = builds.first { $0.number == number }
        } else {
            let file = FilePath(name).lastComponent?.string ?? name
            found = builds.first { $0.image?.name == file || $0.image?.name == "\(file).iso" }
        }
        guard let found else { throw UnknownBuild(name: name, known: builds) }
        return found
    }

    /// How long each step took in the builds that are kept, or the one called `step`: the longest first.
    ///
    /// Throws `Mistake` for a step that ran in none of them.
    package func times(of step: String?) throws -> [StepTimes] {
        let all = StepTimes.all(in: try builds())
        guard let step else { return all }
        let found = all.filter { $0.step.text == step }
        guard found.isEmpty else { return found }
        throw Mistake(
            "\(step) ran in none of the builds that are kept", at: nil,
            hint: NearestNames.hint(for: step, in: all.map(\.step.text)))
    }

    /// What `step` said in `build`, or said when it ran, where that build found its result on record.
    ///
    /// Throws `Mistake` for a step that was not in it or said nothing, and what reading throws.
    package func log(of step: String, in build: BuildRecord) async throws -> KeptLog {
        let run = try self.step(step, in: build)
        guard let log = run.log else {
            let why =
                run.outcome == .skipped
                ? "\(step) did not begin in build \(build.number)" : "\(step) said nothing in build \(build.number)"
            throw Mistake(why, at: nil, hint: "`deploy log \(build.number)` shows its steps")
        }
        let bytes = try await store.bytes(of: log)
        return KeptLog(step: run, build: build, text: String(decoding: bytes, as: UTF8.self))
    }

    /// Why `step` ran in the build that `name` means, as it was then.
    package func explain(_ step: String, in name: String) async throws -> StepExplanation {
        let build = try build(named: name)
        return await Explainer(store: store, records: records, now: surroundings.now()).explain(
            try self.step(step, in: build), in: build)
    }

    private func step(_ name: String, in build: BuildRecord) throws -> StepRun {
        if let step = build[StepName(name)] { return step }
        throw Mistake(
            "there is no step \"\(name)\" in build \(build.number)", at: nil,
            hint: NearestNames.hint(for: name, in: build.steps.map(\.name.text))
                ?? "`deploy log \(build.number)` shows its steps")
    }
}

/// A build that is not on record.
struct UnknownBuild: UserError {
    let name: String
    let known: [BuildRecord]
    var what: String {
        known.isEmpty
            ? "no build is on record: one in which nothing has to run leaves no record"
            : "no build \"\(name)\" is on record"
    }
    var hint: String? {
        guard let newest = known.first?.number, let oldest = known.last?.number else { return nil }
        return "kept are \(oldest) to \(newest), see `deploy log`; deploy.yaml says how many (builds: keep)"
    }
    var isUsageError: Bool { true }
}
