import Primitives
import SystemPackage
import Testing

@testable import Machines

@Suite("A machine, played by a program that talks as QEMU does")
struct EmulatorTests {
    @Test("Lines are waited for in their order, and are in the log with their times")
    func lines() async throws {
        let fake = try FakeMachine()
        let time = try await fake.emulator("live+stays").run(fake.configuration, log: fake.log) { machine in
            try await machine.console.wait(for: .line(containing: "Linux version"), within: .seconds(60))
            let line = try await machine.console.wait(for: .line(containing: "kldload: ready"), within: .seconds(60))
            #expect(line.text == "kldload: ready")
            return line.time
        }
        #expect(time > .zero)
        let log = try Files.readText(fake.log).split(separator: "\n")
        #expect(log.contains { $0.hasSuffix(" BdsDxe: starting Boot0001") && $0.prefix(8).contains(".") })
        #expect(try !fake.isRunning)
    }

    @Test("A line that says that all is lost ends the waiting at once")
    func hopeless() async throws {
        let fake = try FakeMachine()
        await #expect {
            try await fake.emulator("panics").run(fake.configuration, log: fake.log) { machine in
                _ = try await machine.console.wait(for: .line(containing: "never"), within: .seconds(60))
            }
        } throws: { error in
            guard case MachineError.hopeless(let line, _)? = error as? MachineError else { return false }
            return line.contains("Kernel panic")
        }
        #expect(try !fake.isRunning)
    }

    @Test("What does not come in its time is an error that shows the last lines", .timeLimit(.minutes(5)))
    func silence() async throws {
        let fake = try FakeMachine()
        await #expect {
            try await fake.emulator("live+stays").run(fake.configuration, log: fake.log) { machine in
                try await machine.console.wait(for: .line(containing: "powering off"), within: .seconds(60))
                _ = try await machine.console.wait(for: .line(containing: "never"), within: .milliseconds(300))
            }
        } throws: { error in
            guard case MachineError.silent(_, _, let last)? = error as? MachineError else { return false }
            return last.contains("kldload: powering off")
        }
        #expect(try !fake.isRunning)
    }

    @Test("A machine that goes off is noticed while something is waited for", .timeLimit(.minutes(5)))
    func goesOff() async throws {
        let fake = try FakeMachine()
        await #expect {
            try await fake.emulator("live+unseen").run(fake.configuration, log: fake.log) { machine in
                _ = try await machine.console.wait(for: .line(containing: "never"), within: .seconds(60))
            }
        } throws: { error in
            guard case MachineError.switchedOff? = error as? MachineError else { return false }
            return true
        }
    }

    @Test("What is typed at a machine that is gone is an error, and does not end the program")
    func typesAtNothing() async throws {
        let fake = try FakeMachine()
        try await fake.emulator("live+unseen").run(fake.configuration, log: fake.log) { machine in
            _ = try await machine.end(within: .seconds(60))
            await #expect(throws: MachineError.self) {
                for _ in 0..<10 { try await machine.console.type("anybody?") }
            }
            await #expect(throws: MachineError.self) { try await machine.monitor.powerButton() }
        }
    }

    @Test(
        "How a machine went off is told apart",
        arguments: [("live+unseen", VirtualMachine.End.poweredOff), ("live+resets", .reset)])
    func end(mode: String, expected: VirtualMachine.End) async throws {
        let fake = try FakeMachine()
        let end = try await fake.emulator(mode).run(fake.configuration, log: fake.log) { machine in
            try await machine.end(within: .seconds(60))
        }
        #expect(end == expected)
    }

    @Test("QEMU that does not start is an error with its own words", .timeLimit(.minutes(5)))
    func refuses() async throws {
        let fake = try FakeMachine()
        await #expect {
            try await fake.emulator("refuses").run(fake.configuration, log: fake.log) { _ in }
        } throws: { error in
            guard case MachineError.notStarted(let messages)? = error as? MachineError else { return false }
            return messages == ["qemu-system-x86_64: it does not want to"]
        }
    }

    @Test("A missing QEMU is an error that says what to install")
    func missing() async throws {
        let fake = try FakeMachine()
        await #expect {
            try await Emulator(program: "no-such-qemu", environment: ["PATH": "/usr/bin"])
                .run(fake.configuration, log: fake.log) { _ in }
        } throws: { ($0 as? MachineError)?.hint?.contains("qemu-system-x86") == true }
    }

    @Test(
        "Cancellation ends QEMU, whatever is waited for", .timeLimit(.minutes(5)), arguments: ["silent", "live+stays"])
    func cancellation(mode: String) async throws {
        let fake = try FakeMachine()
        let task = Task {
            try await fake.emulator(mode).run(fake.configuration, log: fake.log) { machine in
                _ = try await machine.console.wait(for: .line(containing: "never"), within: .seconds(600))
            }
        }
        while try !Files.exists(fake.pidFile) || Files.readText(fake.pidFile).isEmpty {
            try await Task.sleep(for: .milliseconds(20))
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try !fake.isRunning)
    }

    @Test("What the body throws ends QEMU, and comes out as it is")
    func bodyThrows() async throws {
        let fake = try FakeMachine()
        await #expect(throws: Mistake.self) {
            try await fake.emulator("silent").run(fake.configuration, log: fake.log) { _ in
                throw Mistake("so", at: nil)
            }
        }
        #expect(try !fake.isRunning)
    }

    @Test("A plug that is pulled ends the machine at once")
    func plug() async throws {
        let fake = try FakeMachine()
        let end = try await fake.emulator("silent").run(fake.configuration, log: fake.log) { machine in
            machine.pullPlug()
            return try await machine.end(within: .seconds(60))
        }
        #expect(end == .other("QEMU ended"))
    }

    @Test("The monitor's refusal is an error with its reason")
    func monitor() async throws {
        let fake = try FakeMachine()
        try await fake.emulator("silent").run(fake.configuration, log: fake.log) { machine in
            await #expect {
                try await machine.monitor.execute("system_powerdown")
            } throws: { error in
                guard case MachineError.refused("system_powerdown", "it is only played")? = error as? MachineError
                else {
                    return false
                }
                return true
            }
            let path = fake.folder.appending("picture")
            try await machine.monitor.screenshot(to: path)
            #expect(try Files.read(path).starts(with: Array("P6".utf8)))
            #expect(try await machine.monitor.picture(by: path)?.isDrawn == true)
            #expect(!Files.exists(path))
        }
    }

    @Test("Scripts go in and their output comes out, byte for byte, with their status")
    func shell() async throws {
        let fake = try FakeMachine()
        let environment = ["FAKE_QEMU_RUN": "1", "FAKE_QEMU_NO_SEED": "1"]
        try await fake.emulator("live", environment).run(fake.configuration, log: fake.log) { machine in
            try await machine.console.wait(for: .prompt("root's prompt", ending: "#"), within: .seconds(60))
            try await machine.console.type(GuestShell.command)
            try await machine.shell.awaitStart(within: .seconds(60))
            let odd = #"'"$HOME\ é %s \n *"#
            let quoted =
                "'" + odd.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
            let first = try await machine.shell.run(
                "printf '%s\\n' \(quoted)\necho second >&2; exit 7", within: .seconds(60))
            #expect(first == GuestShell.Outcome(status: 7, output: "\(odd)\nsecond"))
            let long = try await machine.shell.run("seq 20000", within: .seconds(60))
            #expect(long.status == 0)
            #expect(long.output.split(separator: "\n").count == 20000)
            // A script that reads must not eat the next one.
            #expect(try await machine.shell.run("cat", within: .seconds(60)).status == 0)
            #expect(try await machine.shell.run("kill -9 $$", within: .seconds(60)).status == 137)
            await #expect(throws: MachineError.self) {
                try await machine.shell.run("sleep 300", within: .milliseconds(300))
            }
        }
    }

    @Test("A prompt that was answered does not count for the next question")
    func prompts() async throws {
        let fake = try FakeMachine()
        try await fake.emulator("installed").run(fake.configuration, log: fake.log) { machine in
            let login = SerialConsole.Pattern.prompt("login", ending: "login:")
            try await machine.console.wait(for: login, within: .seconds(60))
            await #expect(throws: MachineError.self) {
                try await machine.console.wait(for: login, within: .milliseconds(300))
            }
            try await machine.console.type("tester")
            try await machine.console.wait(for: .prompt("password", ending: "assword:"), within: .seconds(60))
            try await machine.console.type("wrong")
            try await machine.console.wait(for: .line(containing: "Login incorrect"), within: .seconds(60))
        }
    }
}

@Suite("Which accelerator is taken")
struct AcceleratorTests {
    private let fake: FakeMachine
    private var memo: FilePath { fake.folder.appending("memo") }

    init() throws { fake = try FakeMachine() }

    private func choose(_ mode: String, forced: String? = nil, device: FilePath = "/dev/null") async throws
        -> AcceleratorChoice
    {
        try await fake.emulator(mode).accelerator(
            for: fake.configuration, forced: forced, memo: memo, log: fake.log, device: device)
    }

    @Test("The one that is named, without a trial") func forced() async throws {
        #expect(try await choose("refuses", forced: "kvm").accelerator == .kvm)
        #expect(!Files.exists(fake.pidFile))
        await #expect(throws: Mistake.self) { try await choose("live", forced: "hvf") }
    }

    @Test("TCG where there is no device") func noDevice() async throws {
        #expect(try await choose("live", device: "/dev/no-such").accelerator == .tcg)
    }

    @Test(
        "KVM where it starts a kernel; TCG where it does not, with QEMU's words; tried once",
        arguments: ["live+stays", "refuses"])
    func trial(mode: String) async throws {
        let first = try await choose(mode)
        #expect(first.accelerator == (mode == "refuses" ? .tcg : .kvm))
        if mode == "refuses" { #expect(first.reason.contains("it does not want to")) }
        #expect(try await choose("panics") == first)
        #expect(try Files.readText(fake.pidFile).split(separator: "\n").count == 1)
    }

    @Test("A finding of another day is not believed") func forgotten() async throws {
        try Files.write("another boot\nanother QEMU\nkvm\nlong ago\n".utf8, to: memo)
        #expect(try await choose("refuses").accelerator == .tcg)
    }
}
