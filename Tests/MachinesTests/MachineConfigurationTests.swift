import Primitives
import SystemPackage
import Testing

@testable import Machines

@Suite("What QEMU is told")
struct MachineConfigurationTests {
    private let made = MachineConfiguration(
        accelerator: .tcg, firmware: .uefi, variables: "/w/vars.fd",
        drives: [
            MachineConfiguration.Drive("/i,so/a.iso", bus: .usb, isReadOnly: true),
            MachineConfiguration.Drive("/w/disk0.raw", bus: .virtio, serial: "disk0"),
        ],
        kernelWords: ["a=1,2", "b"])

    @Test("All of it, with commas in names and words doubled") func arguments() {
        let files = FirmwareFiles(code: "/f/code.fd", variables: "/f/vars.fd")
        #expect(
            made.arguments(firmwareFiles: files, sockets: "/t") == [
                "-machine", "q35", "-display", "none", "-nic", "none", "-no-reboot", "-device", "virtio-rng-pci",
                "-accel", "tcg,thread=multi,tb-size=384", "-cpu", "Westmere",
                "-smp", "2", "-m", "2048", "-nodefaults", "-no-user-config", "-vga", "std", "-S",
                "-drive", "if=pflash,format=raw,readonly=on,file=/f/code.fd",
                "-drive", "if=pflash,format=raw,file=/w/vars.fd",
                "-smbios", "type=1,serial=kldload: a=1,,2 b",
                "-smbios", "type=11,value=io.systemd.boot.kernel-cmdline-extra=a=1,,2 b",
                "-device", "qemu-xhci",
                "-drive", "file=/i,,so/a.iso,if=none,id=drive0,format=raw,readonly=on",
                "-device", "usb-storage,drive=drive0,removable=on,bootindex=1",
                "-drive", "file=/w/disk0.raw,if=none,id=drive1,format=raw,cache=unsafe,discard=unmap",
                "-device", "virtio-blk-pci,drive=drive1,serial=disk0",
                "-chardev", "socket,id=console,path=/t/console", "-serial", "chardev:console",
                "-chardev", "socket,id=monitor,path=/t/monitor", "-mon", "chardev=monitor,mode=control",
                "-device", "virtio-serial-pci", "-chardev", "socket,id=channel,path=/t/channel",
                "-device", "virtserialport,chardev=channel,name=org.kldload.test",
            ])
    }

    @Test("Each accelerator has options, and emulation words for the kernel") func accelerators() {
        #expect(Accelerator.kvm.arguments == ["-accel", "kvm", "-cpu", "host"])
        #expect(Accelerator.kvm.kernelWords.isEmpty)
        #expect(Accelerator.tcg.kernelWords.contains("systemd.default_device_timeout_sec=600"))
    }

    @Test("A disk whose image is only read, in the format it has") func thrownAway() {
        var clone = made
        clone.drives = [MachineConfiguration.Drive("/w/golden.vhd", bus: .virtio)]
        clone.drives[0].format = .vpc
        clone.drives[0].isThrownAway = true
        clone.drives[0].shownSize = ByteCount(50_000_000_000)
        let arguments = clone.arguments(firmwareFiles: nil, sockets: "/t")
        #expect(
            arguments.contains(
                "file=/w/golden.vhd,if=none,id=drive0,format=vpc,cache=unsafe,discard=unmap,snapshot=on"))
    }

    @Test("Firmware is a pair of files") func firmware() {
        #expect(QEMUFacts.all("firmware").allSatisfy { $0.count == 2 })
    }

    @Test(
        "The real QEMU takes it, shows a screen, and is gone afterwards",
        .enabled(if: MachineConfigurationTests.hasQEMU), .timeLimit(.minutes(2)))
    func real() async throws {
        let folder = try PrivateFolder()
        var configuration = made
        configuration.variables = folder.path.appending("vars.fd")
        configuration.drives[0].image = folder.path.appending("a,b.iso")
        configuration.drives[1].image = folder.path.appending("disk.raw")
        for drive in configuration.drives {
            try Files.write([UInt8](repeating: 0, count: 1 << 20), to: drive.image)
        }
        configuration.drives[1].isThrownAway = true
        configuration.drives[1].shownSize = ByteCount(3 << 20)
        let picture = folder.path.appending("picture.png")
        let emulator = Emulator(environment: ["PATH": "/usr/bin:/bin"])
        try await emulator.run(configuration, log: folder.path.appending("log")) { machine in
            try await machine.monitor.screenshot(to: picture)
            let drives = try await machine.monitor.execute("query-block").text
            #expect(drives.contains(#""virtual-size":3145728"#))
            await #expect(throws: MachineError.self) { try await machine.monitor.execute("no-such-command") }
            // The firmware finds nothing to boot, and says so on the serial port.
            await #expect {
                try await machine.console.wait(for: .line(containing: "never"), within: .seconds(100))
            } throws: { error in
                if case MachineError.hopeless? = error as? MachineError { true } else { false }
            }
        }
        #expect(try Files.read(picture).starts(with: [0x89, 0x50, 0x4E, 0x47]))
        #expect(Files.exists(configuration.variables))
        #expect(try FileStatus(at: configuration.drives[1].image)?.size == 1 << 20)
    }

    static let hasQEMU =
        Files.exists("/usr/bin/qemu-system-x86_64") && (try? FirmwareFiles.find()) != nil
}

@Suite("The text of a console")
struct ConsoleTextTests {
    @Test(
        "Control sequences are no text",
        arguments: [
            ("\u{1B}[01;32mroot\u{1B}[0m:~# ", "root:~#"), ("\u{1B}[?2004hprompt$", "prompt$"),
            ("\u{1B}]0;title\u{07}x", "x"), ("\u{1B}]0;title\u{1B}\\x", "x"), ("\u{1B}(Bx\u{1B}=y", "xy"),
            ("a\rb\u{08}c", "abc"), ("\u{1B}[", ""), ("\u{1B}", ""), ("tab\tstays", "tab\tstays"), ("é", "é"),
        ])
    func clean(raw: String, text: String) { #expect(ConsoleText.clean(Array(raw.utf8)) == text) }

    @Test("Lines come when they are complete, however they are cut; the rest is a prompt")
    func lines() {
        for size in 1...7 {
            var console = ConsoleText()
            var lines: [String] = []
            let bytes = Array("first é\r\n\r\nsecond\r\nlogin: ".utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                lines += console.append(bytes[start..<min(start + size, bytes.count)])
            }
            #expect(lines == ["first é", "", "second"])
            #expect(console.prompt == "login:")
        }
    }

    @Test("A line without an end does not fill the memory") func endless() {
        var console = ConsoleText()
        let lines = console.append([UInt8](repeating: 0x61, count: 100_000))
        #expect(lines.count == 6)
        #expect(console.rest.count < 16_384)
    }
}
