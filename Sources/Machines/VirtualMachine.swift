/// A machine that is on.
package final class VirtualMachine: Sendable {
    /// Where the kernel speaks and a person would log in.
    package let console: SerialConsole
    /// QEMU's side: keys, pictures of the screen, and why the machine went off.
    package let monitor: Monitor
    /// A shell in it, once somebody has had its command typed: see `GuestShell.command`.
    package let shell: GuestShell
    private let ended: EndSignal
    private let kill: @Sendable () -> Void

    init(
        console: SerialConsole, monitor: Monitor, shell: GuestShell, ended: EndSignal,
        kill: @escaping @Sendable () -> Void
    ) {
        self.console = console
        self.monitor = monitor
        self.shell = shell
        self.ended = ended
        self.kill = kill
    }

    /// How a machine went off by itself.
    package enum End: Hashable, Sendable {
        case poweredOff
        /// It wanted to start anew.
        case reset
        case other(String)
    }

    /// Waits until the machine goes off by itself. Throws `MachineError.silent` after `limit`, `CancellationError`.
    package func end(within limit: Duration) async throws -> End {
        do {
            try await withDeadline(limit) { [ended] in try await ended.wait() }
        } catch is DeadlineOver {
            throw MachineError.silent(
                waitingFor: "the end of the machine", seconds: Int(limit / .seconds(1)),
                last: console.lines.suffix(5).map(\.text))
        }
        switch monitor.shutdownReason {
        case "guest-shutdown": return .poweredOff
        case "guest-reset": return .reset
        case let reason: return .other(reason ?? "QEMU ended")
        }
    }

    /// Pulls the plug.
    package func pullPlug() { kill() }
}
