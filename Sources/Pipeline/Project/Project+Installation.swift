import BuildGraph
import Darksites
import Declaration
package import Installation
import Locking
import Machines
import Packages
import Primitives
package import SystemPackage

/// Answers, seed disks, and installations in virtual machines.
extension Project {
    private func answersJudge() throws -> AnswersJudge {
        for script in AnswersJudge.scripts {
            let own = declaration.live.includes.pushing(script.place)
            guard try FileStatus(at: own)?.kind == .regular, try Files.read(own) != script.text else { continue }
            events(
                .notice(
                    "\(workspace.shown(own)) is not that of this deploy, which judges the answers: the image's installer may take others"
                ))
        }
        let offers = declaration.distributions.flatMap { distribution in
            distribution.profiles.map { "\(distribution.name)/\($0.name)" }
        }
        return AnswersJudge(environment: surroundings.environment, offers: offers)
    }

    /// Makes the image of a seed disk at `output`, with the answers of the file `answers`, after the installer's own loader
    /// has found nothing wrong in them.
    ///
    /// Throws `UserErrors` with all that it found, `Mistake` where the output is no place for a file or another file is there,
    /// `FileError`.
    package func makeSeedDisk(answers: FilePath, at output: FilePath) async throws {
        let file = surroundings.absolute(answers)
        let place = surroundings.absolute(output)
        do {
            _ = try await answersJudge().read(file)
        } catch let errors as UserErrors {
            throw UserErrors(errors.errors.map { relabelled($0, from: file, to: answers) })
        }
        if let status = try FileStatus(at: place), status.kind != .regular {
            throw Mistake(
                "\(output) is no file", at: nil,
                hint: "make an image, and write that to the stick: deploy seed \(answers) -o seed.img")
        }
        let image = try SeedDisk.image(answers: try Files.read(file))
        if let status = try FileStatus(at: place), status.size > 0 {
            let isSeed = try status.size == image.count && SeedDisk.isImage(Files.read(place))
            guard isSeed else {
                throw Mistake(
                    "\(output) is there, and is no seed disk", at: nil,
                    hint: "name another file with -o, or remove this one")
            }
        }
        try Files.write(image, to: place, permissions: .ownerReadWrite)
    }

    /// `error` with the file called as the user called it.
    private func relabelled(_ error: any UserError, from: FilePath, to: FilePath) -> any UserError {
        guard let place = error.location, place.file == from.string else { return error }
        return Mistake(
            error.what, at: SourceLocation(file: to.string, line: place.line), details: error.details, hint: error.hint)
    }

    /// The image that `name` names, or the newest one in the output folder. Throws `Mistake` where there is none.
    package func image(_ name: String?) throws -> FilePath {
        if let name {
            let path = surroundings.absolute(FilePath(name))
            guard Files.exists(path) else { throw Mistake("there is no image \(name)", at: nil) }
            return path
        }
        let folder = declaration.output.folder
        let names = Files.exists(folder) ? try Files.list(folder).filter { $0.hasSuffix(".iso") } : []
        let newest = try names.max { a, b in try age(folder.appending(a)) < age(folder.appending(b)) }
        guard let newest else {
            throw Mistake("there is no image in \(workspace.shown(folder))", at: nil, hint: "./deploy build")
        }
        return folder.appending(newest)
    }

    /// A folder of logs for one test, made by nobody else: two tests may begin in one second.
    private func newResults() throws(FileError) -> FilePath {
        let name = workspace.logs.appending("\(LockDate(secondsSince1970: surroundings.now()).compact)-test")
        var number = 1
        while true {
            let folder = number == 1 ? name : FilePath("\(name)-\(number)")
            if try Files.createNewDirectory(folder) { return folder }
            number += 1
        }
    }

    /// When a build put an image there: an image itself is as old as its first build.
    private func age(_ image: FilePath) throws -> Int64 {
        let checksum = FilePath(image.string + ".sha256")
        return try (FileStatus(at: checksum) ?? FileStatus(at: image))?.modified ?? 0
    }

    /// Installs what `request` says in a virtual machine, and looks at what came out. The folder that is returned holds the
    /// report, logs and pictures.
    ///
    /// Throws `UserErrors` where answers are wrong, `MachineError` where there is no QEMU, `FileError`, `CancellationError`; what
    /// fails in the machine is in the report.
    package func test(
        _ request: InstallTestRequest, events: @escaping @Sendable (InstallTestEvent) -> Void
    ) async throws -> (report: TestReport, results: FilePath) {
        let judge = request.isLiveOnly ? nil : try answersJudge()
        try checkSpace(request)
        let results = try newResults()
        let emulator = Emulator(environment: surroundings.environment)
        let trial = InstallTest.liveMachine(
            request, accelerator: .kvm, variables: results.appending("trial-vars.fd"))
        let choice = try await emulator.accelerator(
            for: trial, forced: surroundings.environment["KLDLOAD_ACCEL"],
            memo: workspace.cache.appending("accelerator"), log: results.appending("console-trial.log"))
        try Files.remove(trial.variables)
        events(.notice("\(choice.accelerator.rawValue): \(choice.reason)"))
        let test = try InstallTest(
            request: request, emulator: emulator, accelerator: choice.accelerator, judge: judge, results: results,
            events: events)
        return (try await test.run(), results)
    }

    /// Throws where the disks of the machine would not fit.
    private func checkSpace(_ request: InstallTestRequest) throws {
        guard !request.isLiveOnly else { return }
        let needed = ByteCount(Int64(request.disks) * 6_000_000_000)
        let free = try Files.freeSpace(at: workspace.root)
        guard free > needed else {
            throw Mistake(
                "the machine's disks need about \(needed) in \(workspace.shown(workspace.logs)), and \(free) are free",
                at: nil)
        }
    }
}
