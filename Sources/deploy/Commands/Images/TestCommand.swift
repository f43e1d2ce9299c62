import ArgumentParser
import Installation
import Machines
import Pipeline
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

    @OptionGroup var options: AnswerOptions

    @Argument(
        help: ArgumentHelp("The image; without one, the newest in the output folder.", valueName: "iso"),
        completion: .file(extensions: ["iso"]))
    var iso: String?

    @Option(help: "The profile to install: core, unless said.")
    var profile: String?

    @Option(help: "The distribution to install: debian, unless said.")
    var distro: String?

    @Option(parsing: .unconditional, help: "How many disks the machine has: one, unless said.")
    var disks: Int?

    @Option(help: "How they make a pool: single, mirror, raidz, stripe; with two disks or more a mirror unless said.")
    var topology: String?

    @Flag(help: "Encrypt the pool; the test types the passphrase.")
    var encrypt = false

    @Option(
        help: ArgumentHelp(
            "How the system gets onto the disk: image, packages, or auto, as KLDLOAD_BOOTSTRAP says it.",
            valueName: "way"))
    var bootstrap: String?

    @Flag(help: "The ISO is a USB stick to the machine, not a CD.")
    var usb = false

    @Flag(help: "Start with BIOS, not UEFI.")
    var bios = false

    @Option(
        help: ArgumentHelp("Answers to install with, instead of those made of the options.", valueName: "file"),
        completion: .file())
    var answers: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Cut installations off at so many random moments, each on what the last one left, and install to the end.",
            valueName: "n"))
    var cut = 0

    @Option(parsing: .unconditional, help: "Decides at which moments; the same number gives the same ones.")
    var seed: UInt64?

    @Flag(help: "Boot the live system, and no more.")
    var live = false

    @Flag(help: "Keep the machine's disks.")
    var keep = false

    @Option(parsing: .unconditional, help: ArgumentHelp("The machine's memory.", valueName: "MiB"))
    var memory = 2048

    @Option(
        parsing: .unconditional,
        help: "The machine's processors; one is quicker where the host is busy and instructions are emulated.")
    var cpus = 2

    @Option(parsing: .unconditional, help: ArgumentHelp("How long one installation may take.", valueName: "minutes"))
    var timeout = 45

    mutating func validate() throws {
        if let disks, disks < 1 || disks > 26 { throw ValidationError("--disks takes a number from 1 to 26") }
        if cut < 0 { throw ValidationError("--cut takes a number from 0") }
        if timeout < 1 { throw ValidationError("--timeout takes a number from 1") }
        if cpus < 1 { throw ValidationError("--cpus takes a number from 1") }
        if memory < 512 { throw ValidationError("--memory takes a number from 512") }
        if let topology, !["single", "mirror", "raidz", "stripe"].contains(topology) {
            throw ValidationError("--topology takes single, mirror, raidz or stripe")
        }
        if let bootstrap, !["auto", "image", "packages"].contains(bootstrap) {
            throw ValidationError("--bootstrap takes auto, image or packages")
        }
        let order = [
            ("--profile", profile != nil), ("--distro", distro != nil), ("--disks", disks != nil),
            ("--topology", topology != nil), ("--bootstrap", bootstrap != nil), ("--encrypt", encrypt),
        ]
        if answers != nil { try exclude(order, by: "--answers") }
        if live {
            try exclude(order + [("--answers", answers != nil), ("--cut", cut > 0)], by: "--live")
        }
    }

    /// Throws where one of the options was given that would do nothing beside `option`.
    private func exclude(_ options: [(name: String, isGiven: Bool)], by option: String) throws {
        if let other = options.first(where: \.isGiven) {
            throw ValidationError("\(option) and \(other.name) exclude each other")
        }
    }

    func run() async throws {
        let command = self
        try await options.answer { project, console in
            let request = command.request(iso: try project.image(command.iso))
            console.show(InstallTestBeginning(request: request))
            let (report, results) = try await project.test(request) { console.show($0) }
            return InstallTestAnswer(
                report: report, results: project.workspace.shown(results), keepsDisks: request.keepsDisks)
        }
    }

    private func request(iso: FilePath) -> InstallTestRequest {
        var request = InstallTestRequest(iso: iso)
        request.medium = usb ? .usb : .cd
        request.firmware = bios ? .bios : .uefi
        request.distribution = distro ?? request.distribution
        request.profile = profile ?? request.profile
        request.disks = disks ?? request.disks
        request.topology = topology ?? (request.disks == 1 ? "single" : "mirror")
        request.bootstrap = bootstrap ?? request.bootstrap
        request.isEncrypted = encrypt
        request.answers = answers.map { options.project.absolute(FilePath($0)) }
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
