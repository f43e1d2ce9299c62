import Archives
import BuildGraph
import Darksites
import Declaration
package import Installation
import Locking
import Machines
import Packages
import Primitives
package import SystemPackage

/// Answers, and installations in virtual machines.
extension Project {
    /// `offers` is what there is to install; nil: all that is declared.
    func answersJudge(offers: [String]? = nil) throws -> AnswersJudge {
        for script in AnswersJudge.scripts {
            let own = declaration.live.includes.pushing(script.place)
            guard try FileStatus(at: own)?.kind == .regular, try Files.read(own) != script.text else { continue }
            events(
                .notice(
                    "\(workspace.shown(own)) is not that of this deploy, which judges the answers: the image's installer may take others"
                ))
        }
        let declared = declaration.distributions.flatMap { distribution in
            distribution.profiles.map { "\(distribution.name)/\($0.name)" }
        }
        return AnswersJudge(environment: surroundings.environment, offers: offers ?? declared)
    }

    /// The image that `name` names, or the newest one in the output folder. Throws `Mistake` where there is none.
    package func image(_ name: String?) throws -> FilePath {
        if let name {
            let path = surroundings.absolute(FilePath(name))
            guard Files.exists(path) else { throw Mistake("there is no image \(name)", at: nil) }
            guard DiscImage.isImage(path) else { throw Mistake("\(name) is no ISO image", at: nil) }
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

    /// A folder of logs of what was done in a machine, made by nobody else: two may begin in one second.
    func newResults(_ what: String) throws(FileError) -> FilePath {
        let name = workspace.logs.appending("\(LockDate(secondsSince1970: surroundings.now()).compact)-\(what)")
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
    /// Throws, before anything is made, `UserErrors` where answers are wrong and `Mistake` where the image has not what is to be
    /// installed; `MachineError` where there is no QEMU, `FileError`, `CancellationError`; what
    /// fails in the machine is in the report.
    package func test(
        _ request: InstallTestRequest, events: @escaping @Sendable (InstallTestEvent) -> Void
    ) async throws -> (report: TestReport, results: FilePath) {
        let judge = request.isLiveOnly ? nil : try answersJudge()
        if let judge { try await InstallTest.check(request, by: judge) }
        try checkSpace(request)
        let results = try newResults("test")
        let emulator = Emulator(environment: surroundings.environment)
        let choice = try await accelerator(for: request, emulator, results)
        events(.notice("\(choice.accelerator.rawValue): \(choice.reason)"))
        let test = try InstallTest(
            request: request, emulator: emulator, accelerator: choice.accelerator, judge: judge, results: results,
            events: events)
        let report = try await test.run()
        await remember(report, of: request.iso)
        if try await attest(report, of: request.iso) { events(.notice("what it came to is signed, beside the image")) }
        return (report, results)
    }

    /// What is to run the machine of `request`; a trial is logged in `results`.
    func accelerator(
        for request: InstallTestRequest, _ emulator: Emulator, _ results: FilePath
    ) async throws -> AcceleratorChoice {
        let trial = InstallTest.liveMachine(
            request, accelerator: .kvm, variables: results.appending("trial-vars.fd"))
        let choice = try await emulator.accelerator(
            for: trial, forced: surroundings.environment["KLDLOAD_ACCEL"],
            memo: workspace.cache.appending("accelerator"), log: results.appending("console-trial.log"))
        try Files.remove(trial.variables)
        return choice
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
