import Machines

extension GuestShell.Outcome {
    /// Takes it for what a function of a script of tests says: status 0 is that all is well, 77 that it can't be looked at here, and why.
    ///
    /// Throws `TestSkipped`, and `TestFailure` for any other status, with the last line as the reason.
    func judge() throws {
        switch status {
        case 0: return
        case 77: throw TestSkipped(why: output)
        default: throw TestFailure(what: lines.last ?? "exit status \(status)", details: lines.dropLast())
        }
    }
}

extension VirtualMachine {
    /// Has the shell of root's power the machine off, and waits for its end.
    ///
    /// Throws `TestFailure` where it ends otherwise, or not within `limit`.
    func powerOff(within limit: Duration) async throws {
        try await shell.start("systemctl poweroff")
        let end = try await end(within: limit)
        guard end == .poweredOff else { throw TestFailure(what: "it did not power off: \(end)") }
    }
}
