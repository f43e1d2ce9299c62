import ContentStore
import Darksites
import Declaration
package import Installation
import Locking
import Packages
import Primitives
import SystemPackage

/// How a night's files are worded: the executable knows.
package protocol NightScribe: Sendable {
    /// What moved since the last good night, in Markdown.
    func changes(_ report: NightReport, image: String) -> String
    /// What failed and since which change, in Markdown.
    func failure(_ report: NightReport, _ failure: NightFailure) -> String
}

/// A night: updates, builds, verifies, tests, publishes. Where something fails, what is published stays as it is, and so does
/// deploy.lock.
///
/// Nothing is remembered beside what is published: the last good night is the one whose image `latest` leads to, and its lock lies
/// beside that. So a night that failed, or was killed, is made up for by the next one, on any machine.
package struct Night: Sendable {
    private let project: Project
    private let request: NightRequest
    private let scribe: any NightScribe
    private let publisher: any Publisher
    private let testEvents: @Sendable (InstallTestEvent) -> Void

    /// `testEvents` gets what the virtual machine tells while it runs.
    package init(
        _ project: Project, _ request: NightRequest, scribe: any NightScribe,
        testEvents: @escaping @Sendable (InstallTestEvent) -> Void
    ) {
        self.project = project
        self.request = request
        self.scribe = scribe
        self.testEvents = testEvents
        let output = project.declaration.output.folder
        publisher =
            request.target.map { target in
                PublishTarget.publisher(
                    target, environment: project.surroundings.environment, absolute: project.surroundings.absolute)
            }
            ?? FolderPublisher(
                folder: output.appending("nightly"), shown: project.workspace.shown(output.appending("nightly")))
    }

    /// Spends the night. What fails in it is its outcome, and told where it publishes.
    ///
    /// Throws `CancellationError`.
    package func run() async throws -> NightOutcome {
        let clock = ContinuousClock.now
        let lock = LockOfBefore(file: project.declaration.lock)
        let start = LockDate(secondsSince1970: project.surroundings.now())
        var report = NightReport(start: start, last: nil, commit: nil)
        var phase = NightPhase.target
        do {
            let commit = try? await project.git.commit("HEAD")
            let last = try await publisher.last()
            report = NightReport(start: start, last: last, commit: commit)
            report.commits = await commits(since: last, to: commit)

            phase = .update
            try await update(since: last)

            phase = .build
            let build = try await project.build(BuildRequest())
            report.build = build
            guard let image = build.image, let name = image.path.lastComponent?.string else {
                throw Mistake("the build made no image", at: nil)
            }
            if let last, last.image == name { return .unchanged(image: name, took: ContinuousClock.now - clock) }
            report.difference = try await difference(since: last)

            phase = .verify
            report.verified = try await project.verify(image)

            phase = .test
            if request.isTested { report.test = try await test(image) }

            phase = .publish
            let publication = try await publish(image, report)
            return .published(report, publication)
        } catch is CancellationError {
            try lock.restore()
            throw CancellationError()
        } catch {
            if Task.isCancelled {
                try lock.restore()
                throw CancellationError()
            }
            // A failed build or update has not come to compare.
            if report.difference == nil { report.difference = try? await difference(since: report.last) }
            return .failed(report, await tell(NightFailure(phase, error), report, lock))
        }
    }

    private func commits(since last: LastNight?, to commit: String?) async -> [String] {
        guard let from = last?.commit, let commit, from != commit else { return [] }
        return (try? await project.git.subjects(from: from, to: commit, limit: 30)) ?? []
    }

    /// Moves deploy.lock to today's archives. Archives sign their suites anew several times a day: where that moved nothing that the
    /// image has from the last good night on, its lock is taken, and there is no new image for new dates alone; unless its signed
    /// indexes are lost here, and mirrors keep those of today only.
    private func update(since last: LastNight?) async throws {
        try await project.update([])
        guard let last, let bytes = last.lock,
            let before = try? LockReader.read(bytes, file: NightRecord.files(of: last.image).lock),
            let after = try LockKeeper(project: project).existing(), before != after,
            LockComparison(from: before, to: after).movesNothing(of: project.declaration),
            try await project.store.missing(of: before.signedFiles).isEmpty
        else { return }
        try Files.write(bytes, to: project.declaration.lock)
    }

    /// What moved since the last good night; nil where there was none.
    private func difference(since last: LastNight?) async throws -> ProjectDifference? {
        guard let last, let bytes = last.lock else { return nil }
        let file = NightRecord.files(of: last.image).lock
        let from = LockSide(
            kind: .file, name: last.image, lock: try LockReader.read(bytes, file: file), commit: nil)
        return try await project.difference(from: from, to: try project.workingSide(), readsChangelogs: true)
    }

    private func test(_ image: PublishedImage) async throws -> TestReport {
        var order = InstallTestRequest(iso: image.path)
        order.distribution = project.declaration.iso.distribution
        order.profile = request.testProfile ?? project.declaration.iso.profile
        let (test, results) = try await project.test(order, events: testEvents)
        guard test.failed == 0, test.passed > 0 else {
            throw InstallationFailed(report: test, results: project.workspace.shown(results))
        }
        return test
    }

    private func publish(_ image: PublishedImage, _ report: NightReport) async throws -> Publication {
        let name = image.path.lastComponent?.string ?? ""
        let folder = image.path.removingLastComponent()
        let files = NightRecord.files(of: name)
        try Files.write(scribe.changes(report, image: name).utf8, to: folder.appending(files.changes))
        try Files.write(try Files.read(project.declaration.lock), to: folder.appending(files.lock))
        try Files.write(
            NightRecord.json(of: report, image: image).bytes + [UInt8(ascii: "\n")], to: folder.appending(files.record))
        let names = PublishedFiles.names(of: name).filter { Files.exists(folder.appending($0)) }
        let kept = try await publisher.publish(names.map(folder.appending), image: name, keep: request.keep)
        return Publication(target: publisher.shown, image: name, files: names, kept: kept)
    }

    /// Writes down what failed, with the lock that it failed with, and has the former lock back.
    private func tell(_ failure: NightFailure, _ report: NightReport, _ lock: LockOfBefore) async -> NightFailure {
        var failure = failure
        let names = NightFiles.failure(report.stamp)
        do {
            let holder = try PrivateFolder()
            var files = [holder.path.appending(names.report)]
            if let moved = lock.moved {
                files.append(holder.path.appending(names.lock))
                try Files.write(moved, to: files[1])
            }
            try lock.restore()
            try Files.write(scribe.failure(report, failure).utf8, to: files[0])
            do {
                try await publisher.put(files)
                failure.report = "\(publisher.shown)/\(names.report)"
            } catch {
                let output = project.declaration.output.folder
                try await FolderPublisher(folder: output, shown: output.string).put(files)
                failure.report = project.workspace.shown(output.appending(names.report))
                failure.reportProblem = "the report could not be put beside the images: \(error)"
            }
            withExtendedLifetime(holder) {}
        } catch {
            failure.reportProblem = "there is no report: \(error)"
        }
        return failure
    }
}

/// deploy.lock as a night found it.
private struct LockOfBefore {
    let file: FilePath
    /// nil where there was none.
    private let bytes: [UInt8]?

    init(file: FilePath) {
        self.file = file
        bytes = try? Files.read(file)
    }

    /// The bytes that are there now, where they are others.
    var moved: [UInt8]? { (try? Files.read(file)).flatMap { $0 == bytes ? nil : $0 } }

    /// Makes it what it was. What can't be done on a full disk, the next night does not need: it begins with today's archives.
    func restore() throws(FileError) {
        guard moved != nil else { return }
        if let bytes { try Files.write(bytes, to: file) } else { try Files.remove(file) }
    }
}

extension LockComparison {
    /// Whether both have the same packages in all that the image of `declaration` is made of: nothing but the dates of archives,
    /// and profiles that it does not carry, may differ.
    fileprivate func movesNothing(of declaration: Declaration) -> Bool {
        let rooms = Set([Declaration.InternalProfile.builder, .rpmBuilder, .zfsBuild].map(\.rawValue))
        return distributions.allSatisfy { distribution in
            let used = rooms.union(declaration.carriedProfiles[distribution.name] ?? [])
            return distribution.kind != .new && distribution.kind != .gone
                && distribution.changes.allSatisfy { used.isDisjoint(with: $0.profiles) }
        }
    }
}
