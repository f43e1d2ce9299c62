import BuildGraph
import ContentStore
import Installation
import Machines
import Primitives
import SystemPackage

/// The virtual machines of a golden image: the one that is installed and sealed, and its first clone.
struct GoldenMachine: Sendable {
    let project: Project
    let request: GoldenRequest
    /// The answers, secrets among them, with what an image decides.
    let answers: String
    /// How the one gets in who looks at a clone.
    let login: CloneTest.Login
    /// That of the pool, where it is encrypted.
    let passphrase: String?
    let judge: AnswersJudge
    let prefix: String

    private var environment: [String: String] { project.surroundings.environment }

    /// Installs in a machine, and keeps what is on its disk.
    func install(_ context: StepContext) async throws -> StepResult {
        let results = try project.newResults("golden")
        let disks = results.appending("disks")
        do {
            let disk = try await installedDisk(context, results)
            context.report(StepProgress(activity: "reading the disk"))
            let image = context.workFolder.appending("disk.qcow2")
            try await run("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", disk.string, image.string])
            let artifact = try await context.output(file: image)
            try project.store.keepPrivate(artifact.digest)
            if !request.keepsDisk { try Files.remove(disks) }
            return StepResult(outputs: ["disk.qcow2": artifact], summary: "\(artifact.size) of \(request.size) in use")
        } catch {
            if !request.keepsDisk { try Files.remove(disks) }
            throw error
        }
    }

    private func installedDisk(_ context: StepContext, _ results: FilePath) async throws -> FilePath {
        // Before an hour of installing, not after it.
        try await run("qemu-img", ["--version"])
        let file = context.workFolder.appending("answers.env")
        try Files.write(answers.utf8, to: file, permissions: .ownerReadWrite)
        var order = InstallTestRequest(iso: request.iso)
        order.answers = file
        order.endsInstalled = true
        order.keepsDisks = true
        order.diskSize = request.size
        order.memory = request.memory
        order.processors = request.processors
        order.limit = request.limit
        let emulator = Emulator(environment: environment)
        let choice = try await project.accelerator(for: order, emulator, results)
        let events = tell(context)
        events(.notice("\(choice.accelerator.rawValue): \(choice.reason)"))
        let report = try await InstallTest(
            request: order, emulator: emulator, accelerator: choice.accelerator, judge: judge, results: results,
            events: events
        ).run()
        if let failure = GoldenFailure(report, doing: "the installation", logs: project.workspace.shown(results)) {
            throw failure
        }
        return results.pushing("disks/disk0.raw")
    }

    /// Starts a clone, and keeps the report.
    func startClone(_ context: StepContext) async throws -> StepResult {
        guard let format = request.formats.first else { throw GraphError(what: "no image was asked for") }
        let results = try project.newResults("golden")
        let disk = try context.artifact("disk").digest
        let image = try await self.disk(in: context.path("image"), format, "\(prefix)-\(disk.short)", context)
        // Where QEMU keeps what the clone writes.
        var environment = environment
        environment["TMPDIR"] = context.workFolder.string
        let emulator = Emulator(environment: environment)
        let choice = try await project.accelerator(
            for: InstallTestRequest(iso: request.iso), emulator, results)
        var clone = CloneTest.Request(image: image, format: format.drive, size: request.size)
        clone.login = login
        clone.passphrase = passphrase
        clone.memory = request.memory
        clone.processors = request.processors
        let report = try await CloneTest(
            clone, emulator: emulator, accelerator: choice.accelerator, results: results, events: tell(context)
        ).run()
        if let failure = GoldenFailure(report, doing: "the start of a clone", logs: project.workspace.shown(results)) {
            throw failure
        }
        let skipped = report.skipped > 0 ? ", \(report.skipped) could not be looked at" : ""
        return StepResult(
            outputs: ["report": try await context.output(bytes: Array(report.junit.utf8))],
            summary: "\(report.passed) passed\(skipped)")
    }

    /// The file with the disk: the image itself, or what is in it where it is an archive.
    private func disk(
        in image: FilePath, _ format: GoldenFormat, _ name: String, _ context: StepContext
    ) async throws -> FilePath {
        guard let member = format.member(of: name) else { return image }
        let folder = context.workFolder
        try await run("tar", ["--extract", "--sparse", "--file", image.string, "--directory", folder.string, member])
        return folder.appending(member)
    }

    private func run(_ program: String, _ arguments: [String]) async throws {
        do {
            let outcome = try await ChildProgram(program, environment: environment, hasOwnGroup: true).run(arguments)
            guard !outcome.isSuccess else { return }
            throw ProgramFailed(program: program, messages: outcome.messages)
        } catch let failure as ChildProgram.Failure {
            switch failure {
            case .notFound: throw ProgramMissing(program: program)
            case .failed(let words): throw ProgramFailed(program: program, messages: [words])
            }
        }
    }

    /// "install: step 6/10 system: …" as a step's progress.
    static func progress(_ line: String) -> StepProgress {
        let words = line.split(separator: " ", maxSplits: 3)
        let counts =
            words.count == 4 && words[1] == "step" ? words[2].split(separator: "/").compactMap { Int64($0) } : []
        guard counts.count == 2 else { return StepProgress(activity: line) }
        return StepProgress(activity: String(words[3]), completed: counts[0] - 1, total: counts[1])
    }

    /// What a machine says, as the progress of a step and lines of its log.
    private func tell(_ context: StepContext) -> @Sendable (InstallTestEvent) -> Void {
        { event in
            switch event {
            case .began(let what):
                context.report(StepProgress(activity: what))
                context.log.write("\(what) …")
            case .machine(let line, let time):
                context.report(Self.progress(line))
                context.log.write("\(Int64((time / .seconds(1)).rounded())) s  \(line)")
            case .notice(let text): context.log.write(text)
            case .finished(let item):
                switch item.outcome {
                case .passed: context.log.write("passed: \(item.name)")
                case .skipped(let why): context.log.write("skipped: \(item.name): \(why)")
                case .failed(let what, _): context.log.write("failed: \(item.name): \(what)")
                }
            }
        }
    }
}

/// A program that golden images take on this host, and that is not there.
struct ProgramMissing: UserError {
    let program: String
    var what: String { "\(program) is not installed: it reads and writes disk images" }
    var hint: String? { program == "qemu-img" ? "apt-get install qemu-utils" : "install \(program)" }
}

/// A program that ended with an error.
struct ProgramFailed: UserError {
    let program: String
    let messages: [String]
    var what: String { "\(program) failed" + (messages.last.map { ": \($0)" } ?? "") }
    var details: [String] { messages.dropLast() }
}
