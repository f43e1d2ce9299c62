package import Primitives
package import SystemPackage

/// A virtual PC: what it has, and so what QEMU is told. It has no network.
package struct MachineConfiguration: Sendable {
    /// Something with sectors, and how the machine sees it.
    package struct Drive: Sendable {
        /// How the machine sees a drive.
        package enum Bus: Sendable {
            /// /dev/vda and so on, in the order of the drives.
            case virtio
            case cd
            case usb
        }

        /// What an image is made like, by QEMU's name for it.
        package enum Format: String, Sendable { case raw, qcow2, vmdk, vpc }

        /// The sectors, in the format below.
        package var image: FilePath
        /// What the image is made like.
        package var format = Format.raw
        /// What the drive is plugged into.
        package var bus: Bus
        /// Whether the machine can't write to it, nor QEMU to the image.
        package var isReadOnly: Bool
        /// What udev makes a name in /dev/disk/by-id of.
        package var serial: String?
        /// Whether what the machine writes is thrown away with it, and the image only read.
        package var isThrownAway = false
        /// The size that the machine sees, where that is another one than the image's. It takes one that is thrown away.
        package var shownSize: ByteCount?

        package init(_ image: FilePath, bus: Bus, isReadOnly: Bool = false, serial: String? = nil) {
            self.image = image
            self.bus = bus
            self.isReadOnly = isReadOnly
            self.serial = serial
        }
    }

    /// What runs its instructions.
    package var accelerator: Accelerator
    /// What it starts with; UEFI needs `FirmwareFiles` beside.
    package var firmware: Firmware
    /// The machine's own copy of the firmware's variables: what is written there outlives a run. Unused with BIOS.
    package var variables: FilePath
    /// How many it has (`-smp`).
    package var processors: Int
    /// MiB.
    package var memory: Int
    /// The first one is booted.
    package var drives: [Drive]
    /// Words for the kernel's command line, which an ISO of ours takes from the machine's serial number, and systemd-boot from a string
    /// of the vendor's (smbios-type-11(7)).
    package var kernelWords: [String]

    package init(
        accelerator: Accelerator, firmware: Firmware, variables: FilePath, processors: Int = 2, memory: Int = 2048,
        drives: [Drive], kernelWords: [String] = []
    ) {
        self.accelerator = accelerator
        self.firmware = firmware
        self.variables = variables
        self.processors = processors
        self.memory = memory
        self.drives = drives
        self.kernelWords = kernelWords
    }

    /// The name of the channel in the machine: /dev/virtio-ports/NAME.
    package static let channelName = "org.kldload.test"

    /// The options of qemu-system-x86_64(1). It is the client of the sockets `console`, `monitor` and `channel` in `folder`.
    package func arguments(firmwareFiles: FirmwareFiles?, sockets folder: FilePath) -> [String] {
        var list = QEMUFacts.words("machine") + accelerator.arguments
        list += ["-smp", "\(processors)", "-m", "\(memory)", "-nodefaults", "-no-user-config"]
        // For pictures of its screen.
        list += ["-vga", "std"]
        // It begins when there is somebody to listen.
        list.append("-S")
        if let files = firmwareFiles {
            list += ["-drive", "if=pflash,format=raw,readonly=on,file=\(Self.escaped(files.code.string))"]
            list += ["-drive", "if=pflash,format=raw,file=\(Self.escaped(variables.string))"]
        }
        if !kernelWords.isEmpty {
            let words = Self.escaped(kernelWords.joined(separator: " "))
            list += ["-smbios", "type=1,serial=kldload: " + words]
            list += ["-smbios", "type=11,value=io.systemd.boot.kernel-cmdline-extra=" + words]
        }
        if drives.contains(where: { $0.bus == .usb }) { list += ["-device", "qemu-xhci"] }
        for (number, drive) in drives.enumerated() { list += arguments(drive, number: number) }
        func socket(_ name: String) -> String {
            "socket,id=\(name),path=\(Self.escaped(folder.appending(name).string))"
        }
        list += ["-chardev", socket("console"), "-serial", "chardev:console"]
        list += ["-chardev", socket("monitor"), "-mon", "chardev=monitor,mode=control"]
        list += ["-device", "virtio-serial-pci", "-chardev", socket("channel")]
        list += ["-device", "virtserialport,chardev=channel,name=\(Self.channelName)"]
        return list
    }

    /// What QEMU calls the drive with that number.
    static func name(ofDrive number: Int) -> String { "drive\(number)" }

    private func arguments(_ drive: Drive, number: Int) -> [String] {
        var source =
            "file=\(Self.escaped(drive.image.string)),if=none,id=\(Self.name(ofDrive: number)),format=\(drive.format.rawValue)"
        // What the guest flushes is in the host's memory then, which outlives QEMU: nothing here survives the host anyway.
        source += drive.isReadOnly ? ",readonly=on" : ",cache=unsafe,discard=unmap"
        if drive.isThrownAway { source += ",snapshot=on" }
        var device =
            switch drive.bus {
            case .virtio: "virtio-blk-pci,drive=drive\(number)"
            case .cd: "ide-cd,drive=drive\(number)"
            case .usb: "usb-storage,drive=drive\(number),removable=on"
            }
        if let serial = drive.serial { device += ",serial=\(Self.escaped(serial))" }
        if number == 0 { device += ",bootindex=1" }
        return ["-drive", source, "-device", device]
    }

    /// QEMU takes a comma for the end of a value, unless there are two.
    private static func escaped(_ text: String) -> String {
        text.split(separator: ",", omittingEmptySubsequences: false).joined(separator: ",,")
    }
}
