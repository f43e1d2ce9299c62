package import Machines
package import Primitives
package import SystemPackage

/// What to install, and in what machine.
package struct InstallTestRequest: Sendable {
    /// What the ISO is to the machine.
    package enum Medium: String, Sendable, CaseIterable { case cd, usb }

    /// The image that is booted.
    package var iso: FilePath
    /// A CD, unless it is to be a USB stick.
    package var medium: Medium = .cd
    /// What the machine starts with.
    package var firmware: Firmware = .uefi
    /// The name of one that is on the medium: "debian".
    package var distribution = "debian"
    /// The name of one of the distribution's profiles: "core".
    package var profile = "core"
    /// How many the machine has, all for the pool: /dev/vda and so on.
    package var disks = 1
    /// single, mirror, raidz or stripe.
    package var topology = "single"
    /// auto, image or packages: how the system gets onto the pool.
    package var bootstrap = "auto"
    /// Whether the pool has a passphrase, which the test types.
    package var isEncrypted = false
    /// Answers to use instead of those that the above make.
    package var answers: FilePath?
    /// How often an installation is cut off, and done again on the same disks.
    package var cuts = 0
    /// Decides at which moments; the same number gives the same ones.
    package var seed: UInt64 = 0
    /// Whether the disks are kept afterwards.
    package var keepsDisks = false
    /// What is installed is not booted: whoever asked wants its disk.
    package var endsInstalled = false
    /// Only the live system is booted.
    package var isLiveOnly = false
    /// MiB.
    package var memory = 2048
    /// How many the machine has.
    package var processors = 2
    /// Of each disk; the images are sparse.
    package var diskSize = ByteCount(20_000_000_000)
    /// For one installation, from power-on.
    package var limit = Duration.seconds(2700)

    package init(iso: FilePath) { self.iso = iso }

    /// "debian core by packages on 2 disks (mirror), encrypted; ISO as USB stick, UEFI".
    package var title: String {
        let firmware = firmware == .uefi ? "UEFI" : "BIOS"
        let medium = medium == .cd ? "CD" : "USB stick"
        guard !isLiveOnly else { return "live system; ISO as \(medium), \(firmware)" }
        let way = bootstrap == "auto" ? "" : " by \(bootstrap)"
        let order = answers.map { "answers of \($0)" } ?? "\(distribution) \(profile)\(way)"
        let disks = disks == 1 ? "one disk" : "\(disks) disks (\(topology))"
        return "\(order) on \(disks)\(isEncrypted ? ", encrypted" : ""); ISO as \(medium), \(firmware)"
    }

    /// The password that is asked for in the machine: with what shells, XML and FAT could stumble over.
    static let password = #"kl'd "test" $HOME `x` \ & <é>"#
    /// The one that is typed at the greeter of a desktop, with keys that every keyboard has at one place.
    static let typedPassword = "kldload in 1 test"
    static let passphrase = #"pass 'phrase' $1 "long" enough"#

    /// The answers file that this request makes, for a machine with `accelerator`.
    func madeAnswers(for accelerator: Accelerator) -> String {
        let words = ["console=tty0", "console=ttyS0,115200n8"] + accelerator.kernelWords
        let names = (0..<disks).map { "/dev/vd\(Character(Unicode.Scalar(UInt8(ascii: "a") + UInt8($0 % 26))))" }
        var lines = [
            "# Made by deploy test.", "KLDLOAD_DISTRO=\(distribution)", "KLDLOAD_PROFILE=\(profile)",
            "KLDLOAD_BOOTSTRAP=\(bootstrap)",
            "KLDLOAD_DISK='\(names.joined(separator: " "))'", "KLDLOAD_ZFS_TOPOLOGY=\(topology)",
            "KLDLOAD_HOSTNAME=kldload-test", "KLDLOAD_USERNAME=tester",
            "KLDLOAD_PASSWORD=\((profile == "desktop" ? Self.typedPassword : Self.password).shellQuoted)",
            "KLDLOAD_TIMEZONE=Europe/Berlin",
            "KLDLOAD_LOCALE=en_US.UTF-8",
            "KLDLOAD_KERNEL_OPTIONS=\(words.joined(separator: " ").shellQuoted)",
        ]
        if isEncrypted {
            lines += ["KLDLOAD_ZFS_ENCRYPT=1", "KLDLOAD_ZFS_PASSPHRASE=\(Self.passphrase.shellQuoted)"]
        }
        if cuts > 0 { lines.append("KLDLOAD_FORCE_WIPE=1") }
        return lines.map { $0 + "\n" }.joined()
    }
}

extension String {
    /// The text in single quotes, as a shell takes it for itself.
    var shellQuoted: String {
        "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
