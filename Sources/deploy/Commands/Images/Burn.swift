import ArgumentParser
import Installation
import Primitives
import SystemPackage

struct Burn: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write an ISO to a stick, read it back and compare.",
        discussion: """
            The device must be a whole disk that can be taken out: a stick, a card, a disk attached by USB; and nothing of it may be \
            in use. A loop device is written with --force, for tests. What is on it is shown, and its name has to be typed; \
            without a terminal, --yes is needed.

            The device is written past the page cache, so that progress is what the device took; it is flushed, read back and \
            compared by digest. The boot sector is written last: a stick that was left halfway starts nothing. The last MiB of the \
            device is emptied, where an older partition table has its copy. Where the checksum file ISO.sha256 lies beside, the \
            image is held to it.
            """)

    @OptionGroup var options: IndependentOptions

    @Argument(help: ArgumentHelp("The image.", valueName: "iso"), completion: .file(extensions: ["iso"]))
    var iso: String

    @Argument(
        help: ArgumentHelp("The stick: /dev/sdX, or a link to it below /dev/disk.", valueName: "device"),
        completion: .shellCommand(
            "lsblk --nodeps --noheadings --paths --output NAME,HOTPLUG | awk '$2 == 1 { print $1 }'"))
    var device: String

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @Flag(help: "Take a loop device, too.")
    var force = false

    func run() async throws {
        let (iso, device, yes, force) = (FilePath(iso), FilePath(device), yes, force)
        try await options.answer { console in
            let image = try BurnImage(at: iso)
            let devices = BlockDevices()
            let stick = try devices.disk(at: device).writable(force: force, others: devices.removable())
            let burning = try Burning(image, onto: stick)
            try burning.probe()
            console.show(
                BurnBeginning(
                    image: image, device: stick,
                    contents: try await DeviceContents.of(stick, environment: ProcessEnvironment.all)))
            do {
                if !yes { try await Self.confirm(stick, console) }
                // While one thinks about it, another stick may have come, or something mounted this one.
                guard try devices.disk(at: device).isStill(stick) else { throw BurnRefusal.changed(stick.path) }
                let result = try await burning.run { console.show(burn: $0) }
                console.endActivity()
                return BurnAnswer(image: image, device: stick, result: result)
            } catch let failure as BurnFailure {
                console.endActivity()
                guard case .interrupted = failure else { throw failure }
                console.show(error: failure)
                throw CommandFailure(code: 130)
            }
        }
    }

    /// Throws unless the one at the terminal types the device's name.
    private static func confirm(_ device: BlockDevice, _ console: Console) async throws {
        let answer: String?
        do {
            answer = try await console.ask("All that is on it will be gone. Type \(device.name) to write it: ")
        } catch is CancellationError {
            throw BurnFailure.interrupted(device.path, during: nil)
        }
        guard let answer else {
            throw Mistake(
                "nobody is there to say that \(device.path) may be written over", at: nil,
                hint: "--yes says so")
        }
        let typed = answer.split(separator: " ").joined()
        guard typed == device.name || typed == device.path.string else {
            throw Mistake("\(device.path) was left as it is", at: nil)
        }
    }
}

extension Console {
    /// Shows how far an image is.
    fileprivate func show(burn progress: BurnProgress) {
        show(activity: progress.phase.rawValue, completed: progress.completed, of: progress.total)
    }
}
