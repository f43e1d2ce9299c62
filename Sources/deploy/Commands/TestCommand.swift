import ArgumentParser
import BuildGraph
import Installation
import Machines
import Pipeline
import Primitives
import SystemPackage

struct TestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Install from an ISO in a virtual machine without network, and look at what was installed.",
        discussion: """
            The ISO is booted as it is, with a seed disk that answers the installer's questions. Then the disks are booted alone, \
            and what must be true of the system is looked at: pool, root, datasets, units, kernel and module, packages, manifest; \
            another boot environment is made and booted, the first one rolled back and booted.

            The report (junit.xml), the consoles' logs and pictures of the screen go into a folder of live-build/logs. KVM is used \
            where a trial boot shows that it works. KLDLOAD_ACCEL=kvm or =tcg decides without a trial.

            Exit codes: 0 all passed, 1 something failed, 2 the request was wrong.
            """)

    @OptionGroup var options: ProjectOptions

    @Argument(help: ArgumentHelp("The image; without one, the newest in the output folder.", valueName: "iso"))
    var iso: String?

    @Option(help: "The profile to install.")
    var profile = "core"

    @Option(help: "The distribution to install.")
    var distro = "debian"

    @Option(help: "How many disks the machine has.")
    var disks = 1

    @Option(help: "How they make a pool: single, mirror, raidz, stripe; with two disks or more a mirror unless said.")
    var topology: String?

    @Flag(help: "Encrypt the pool; the test types the passphrase.")
    var encrypt = false

    @Flag(help: "The ISO is a USB stick to the machine, not a CD.")
    var usb = false

    @Flag(help: "Start with BIOS, not UEFI.")
    var bios = false

    @Option(help: ArgumentHelp("Answers to install with, instead of those made of the options.", valueName: "file"))
    var answers: String?

    @Option(
        help: ArgumentHelp(
            "Cut installations off at so many random moments, each on what the last one left, and install to the end.",
            valueName: "n"))
    var cut = 0

    @Option(help: "Decides at which moments; the same number gives the same ones.")
    var seed: UInt64?

    @Flag(help: "Boot the live system, and no more.")
    var live = false

    @Flag(help: "Keep the machine's disks.")
    var keep = false

    @Option(help: ArgumentHelp("The machine's memory.", valueName: "MiB"))
    var memory = 2048

    @Option(help: "The machine's processors; one is quicker where the host is busy and instructions are emulated.")
    var cpus = 2

    @Option(help: ArgumentHelp("How long one installation may take.", valueName: "minutes"))
    var timeout = 45

    mutating func validate() throws {
        if disks < 1 || disks > 26 { throw ValidationError("--disks takes a number from 1 to 26") }
        if cut < 0 { throw ValidationError("--cut takes a number from 0") }
        if timeout < 1 { throw ValidationError("--timeout takes a number from 1") }
        if cpus < 1 { throw ValidationError("--cpus takes a number from 1") }
        if memory < 512 { throw ValidationError("--memory takes a number from 512") }
        if let topology, !["single", "mirror", "raidz", "stripe"].contains(topology) {
            throw ValidationError("--topology takes single, mirror, raidz or stripe")
        }
    }

    func run() async throws {
        let command = self
        try await options.run { project, console in
            let request = command.request(iso: try project.image(command.iso))
            let view = InstallTestView(console: console)
            view.start(request)
            let (report, results) = try await project.test(request) { view.show($0) }
            view.end(report, results: project.workspace.shown(results), keepsDisks: request.keepsDisks)
            if report.failed > 0 || report.passed == 0 { throw CommandFailure(code: 1) }
        }
    }

    private func request(iso: FilePath) -> InstallTestRequest {
        var request = InstallTestRequest(iso: iso)
        request.medium = usb ? .usb : .cd
        request.firmware = bios ? .bios : .uefi
        request.distribution = distro
        request.profile = profile
        request.disks = disks
        request.topology = topology ?? (disks == 1 ? "single" : "mirror")
        request.isEncrypted = encrypt
        request.answers = answers.map { options.absolute(FilePath($0)) }
        request.cuts = cut
        request.seed = seed ?? UInt64.random(in: 0...999_999)
        request.isLiveOnly = live
        request.keepsDisks = keep
        request.memory = memory
        request.processors = cpus
        request.limit = .seconds(60 * timeout)
        return request
    }
}

/// What a test says, as lines or as JSON.
struct InstallTestView: Sendable {
    let console: Console

    func start(_ request: InstallTestRequest) {
        guard console.mode != .json else { return }
        console.say("\(request.iso.lastComponent?.string ?? request.iso.string): \(request.title)")
        if request.cuts > 0 { console.say("moments of --seed \(request.seed)") }
    }

    func show(_ event: InstallTestEvent) {
        if console.mode == .json {
            console.print(json(event).text)
        } else {
            switch event {
            case .began(let what): console.say(console.style.bold("\(what) …"))
            case .machine(let line, let time): console.say(console.style.faint("\(seconds(time))  \(line)"))
            case .notice(let text): console.say(text)
            case .finished(let item): for line in lines(item) { console.say(line) }
            }
        }
    }

    /// The last lines: where everything is, and how many passed.
    func end(_ report: TestReport, results: String, keepsDisks: Bool) {
        if console.mode == .json {
            console.print(
                JSON.object([
                    ("event", .string("report")), ("title", .string(report.title)),
                    ("passed", .number(Double(report.passed))), ("failed", .number(Double(report.failed))),
                    ("skipped", .number(Double(report.skipped))), ("seconds", .number(report.duration / .seconds(1))),
                    ("results", .string(results)),
                ]).text)
            return
        }
        console.print("\(results): junit.xml, logs of the consoles, pictures\(keepsDisks ? ", disks" : "")")
        let skipped = report.skipped > 0 ? ", \(report.skipped) skipped" : ""
        console.print("\(report.passed) passed, \(report.failed) failed\(skipped) (\(report.duration.shown))")
    }

    private func lines(_ item: TestReport.Case) -> [String] {
        let time = console.style.faint(item.duration.shown)
        switch item.outcome {
        case .passed: return ["\(console.style.good("✓")) \(item.name) \(time)"]
        case .skipped(let why): return ["- \(item.name): \(why)"]
        case .failed(let what, let details):
            return ["\(console.style.bad("✗")) \(item.name) \(time)", "    \(what)"] + details.map { "    \($0)" }
        }
    }

    private func seconds(_ time: Duration) -> String {
        let text = "\(Int64((time / .seconds(1)).rounded()))"
        return String(repeating: " ", count: max(5 - text.count, 0)) + text + " s"
    }

    private func json(_ event: InstallTestEvent) -> JSON {
        switch event {
        case .began(let what): .object([("event", .string("began")), ("what", .string(what))])
        case .machine(let line, let time):
            .object([
                ("event", .string("machine")), ("line", .string(line)), ("seconds", .number(time / .seconds(1))),
            ])
        case .notice(let text): .object([("event", .string("notice")), ("text", .string(text))])
        case .finished(let item): object(item)
        }
    }

    private func object(_ item: TestReport.Case) -> JSON {
        var fields: [(String, JSON)] = [
            ("event", .string("case")), ("group", .string(item.group)), ("name", .string(item.name)),
            ("seconds", .number(item.duration / .seconds(1))),
        ]
        switch item.outcome {
        case .passed: fields.append(("outcome", .string("passed")))
        case .skipped(let why): fields += [("outcome", .string("skipped")), ("why", .string(why))]
        case .failed(let what, let details):
            fields += [
                ("outcome", .string("failed")), ("what", .string(what)),
                ("details", .array(details.map { .string($0) })),
            ]
        }
        return .object(fields)
    }
}
