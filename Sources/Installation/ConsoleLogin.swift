import Machines
import Primitives

/// Somebody who may use sudo, on the serial console of an installed machine.
struct ConsoleLogin: Sendable {
    let user: String
    let password: String
    /// That of the pool, where it is encrypted.
    var passphrase: String?
    let accelerator: Accelerator

    private func limit(_ seconds: Int) -> Duration { accelerator.patience(seconds) }

    /// From power-on to the login prompt, by the passphrase where there is one. Returns when it came.
    @discardableResult
    func prompt(on machine: VirtualMachine) async throws -> Duration {
        let console = machine.console
        let prompt = SerialConsole.Pattern.prompt("the login prompt", ending: "login:")
        // A message of the kernel's can come right after the prompt.
        let broken = SerialConsole.Pattern.line("the login prompt") { $0.contains(" login: ") }
        if let passphrase {
            try await console.wait(for: .prompt(containing: "assphrase for"), within: limit(300))
            // zfs asks first and then turns off the echo, which throws away what was typed in between.
            try await Task.sleep(for: limit(1))
            try await console.type(passphrase)
        }
        let (which, line) = try await console.wait(for: [prompt, broken], within: limit(300))
        if which == 1 {
            try await console.type("")
            try await console.wait(for: prompt, within: limit(30))
        }
        return line.time
    }

    /// From power-on to a shell of root's, by the password, and the passphrase where there is one. `onPrompt` is told when the login
    /// prompt came.
    func shell(on machine: VirtualMachine, onPrompt: (Duration) -> Void) async throws {
        let console = machine.console
        onPrompt(try await prompt(on: machine))
        try await console.type(user)
        let asked = SerialConsole.Pattern.prompt("the question for a password", ending: "assword:")
        try await console.wait(for: asked, within: limit(30))
        try await console.type(password)
        let (answer, _) = try await console.wait(
            for: [.prompt("a shell's prompt", ending: "$"), .line(containing: "Login incorrect")], within: limit(30))
        if answer == 1 { throw TestFailure(what: "the password of \(user) is refused") }
        // The quotes keep the echo of what is typed from looking like sudo's question.
        try await console.type("exec sudo -p \"kldload-\"\"sudo:\" bash -c '\(GuestShell.command)'")
        try await console.wait(for: .prompt("sudo's question", ending: "kldload-sudo:"), within: limit(30))
        try await console.type(password)
        try await machine.shell.awaitStart(within: limit(30))
    }
}
