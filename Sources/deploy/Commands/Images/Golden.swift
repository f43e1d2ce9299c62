import ArgumentParser
import Installation
import Pipeline
import Primitives
import SystemPackage

struct Golden: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Install from an ISO in a virtual machine, seal the system, and make images to clone of its disk.",
        discussion: """
            The ISO is installed unattended and without network, as `deploy test` does it, and sealed: machine-id, host keys and whatever \
            else belongs to one machine is made anew at the first start of each clone, and cloud-init gives it its name, users and keys. \
            The disk becomes an image of each format, and before it says so one clone of the first of them is started, on a larger disk: \
            it must come up with no unit failed, and its pool must have grown.

            The images go into the output folder: golden-DISTRIBUTION-PROFILE-vDATE-ID.FORMAT, for their owner alone, with checksums and \
            their signature, what is in them (SPDX, CycloneDX), and the answers without secrets. DATE is that of the ISO's packages, ID the \
            begin of the disk's digest. The same ISO and the same answers: nothing to do.

            Formats: qcow2 (QEMU, libvirt, Proxmox, OpenStack), raw, vhd (Azure), vmdk (vSphere, AWS), ova, gce (Google).

            Exit codes: 0 made, 1 it could not be made, 2 the request was wrong, 130 interrupted.
            """)

    @OptionGroup var options: AnswerOptions

    @Argument(
        help: ArgumentHelp("The image; without one, the newest in the output folder.", valueName: "iso"),
        completion: .file(extensions: ["iso"]))
    var iso: String?

    @Option(help: "The profile to install: server, unless said.")
    var profile: String?

    @Option(help: "The distribution to install: debian, unless said.")
    var distro: String?

    @Option(
        help: ArgumentHelp("Answers to install with, instead of those made of the options.", valueName: "file"),
        completion: .file())
    var answers: String?

    @Option(
        help: ArgumentHelp("qcow2, raw, vhd, vmdk, ova, gce, several with commas between, or all.", valueName: "list"))
    var format = "qcow2"

    @Option(help: "Of the disk; a clone's may be larger. Whole GiB, and at least 8.")
    var size = "40GiB"

    @Flag(help: "Keep the disk of the machine that was installed, beside its logs.")
    var keep = false

    @Option(parsing: .unconditional, help: ArgumentHelp("The machine's memory.", valueName: "MiB"))
    var memory = 2048

    @Option(parsing: .unconditional, help: "The machine's processors.")
    var cpus = 2

    @Option(parsing: .unconditional, help: ArgumentHelp("How long the installation may take.", valueName: "minutes"))
    var timeout = 45

    mutating func validate() throws {
        guard GoldenFormat.named(format) != nil else {
            let known = GoldenFormat.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--format takes \(known), several with commas between, or all; not \(format)")
        }
        guard let size = ByteCount(written: size), size.bytes >= 8 << 30, size.bytes <= 64 << 40 else {
            throw ValidationError("--size takes 8GiB to 64TiB, as \(ByteCount.writingHint)")
        }
        if timeout < 1 { throw ValidationError("--timeout takes a number from 1") }
        if cpus < 1 { throw ValidationError("--cpus takes a number from 1") }
        if memory < 512 { throw ValidationError("--memory takes a number from 512") }
        if answers != nil, let other = [("--profile", profile), ("--distro", distro)].first(where: { $0.1 != nil }) {
            throw ValidationError("--answers and \(other.0) exclude each other")
        }
    }

    func run() async throws {
        let command = self
        try await options.answer { project, _ in
            GoldenAnswer(images: try await project.makeGolden(command.request(iso: try project.image(command.iso))))
        }
    }

    private func request(iso: FilePath) -> GoldenRequest {
        var request = GoldenRequest(iso: iso)
        request.distribution = distro ?? request.distribution
        request.profile = profile ?? request.profile
        request.answers = answers.map { options.project.absolute(FilePath($0)) }
        request.formats = GoldenFormat.named(format) ?? request.formats
        request.size = ByteCount(written: size).map(GoldenRequest.wholeSize) ?? request.size
        request.keepsDisk = keep
        request.memory = memory
        request.processors = cpus
        request.limit = .seconds(60 * timeout)
        return request
    }
}
