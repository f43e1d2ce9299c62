import Primitives
private import Synchronization

/// A shell in the machine behind a channel of its own, so that what it says is not mixed with anything: a script in, its output
/// and exit status out.
package final class GuestShell: Sendable {
    /// What a script did.
    package struct Outcome: Hashable, Sendable {
        /// The exit status as bash has it: 128 and the number of a signal; -1 where the answer was none.
        package let status: Int32
        /// Standard output and errors.
        package let output: String
    }

    private struct State {
        var rest: [UInt8] = []
        var items: [[UInt8]] = []
        var hasEnded = false
    }

    private let connection: LocalConnection
    private let state = Mutex(State())
    private let bell = Bell()

    init(_ connection: LocalConnection) { self.connection = connection }

    /// Takes what the machine sends, until it is off.
    func receive() async {
        await connection.receive { [self] bytes in
            state.withLock { state in
                state.rest += bytes
                while let end = state.rest.firstIndex(of: 0) {
                    state.items.append(Array(state.rest[..<end]))
                    state.rest.removeSubrange(...end)
                }
            }
            bell.ring()
        }
        state.withLock { $0.hasEnded = true }
        bell.ring()
    }

    /// The command that serves this shell, without any single quote: type it where its rights should be those of the shell.
    /// A channel can be opened once; items end in a zero byte.
    package static let command =
        "exec 3<>/dev/virtio-ports/\(MachineConfiguration.channelName); printf \"ready\\0\" >&3; "
        + "while IFS= read -r -d \"\" -u 3 s; do o=$(bash -c \"$s\" 2>&1 </dev/null 3>&-); printf \"%s\\0%d\\0\" \"$o\" $? >&3; done"

    /// Returns when the command serves. Throws `MachineError`.
    package func awaitStart(within limit: Duration) async throws {
        _ = try await items(1, waitingFor: "the shell on \(MachineConfiguration.channelName)", within: limit)
    }

    /// Runs `script` in bash. Throws `MachineError.silent` where it takes longer than `limit`: later answers then can't be told
    /// from its own, and the shell is of no more use.
    package func run(_ script: String, within limit: Duration) async throws -> Outcome {
        try await start(script)
        let items = try await items(2, waitingFor: "the end of a script", within: limit)
        let status = Int32(String(decoding: items[1], as: UTF8.self)) ?? -1
        return Outcome(status: status, output: String(decoding: items[0], as: UTF8.self))
    }

    /// Has `script` run, and does not wait for its end: it may end the machine.
    package func start(_ script: String) async throws { try await connection.send(Array(script.utf8) + [0]) }

    private func items(_ count: Int, waitingFor name: String, within limit: Duration) async throws -> [[UInt8]] {
        do {
            return try await withDeadline(limit) { [self] in
                while true {
                    let (items, hasEnded) = state.withLock { state -> ([[UInt8]]?, Bool) in
                        guard state.items.count >= count else { return (nil, state.hasEnded) }
                        defer { state.items.removeFirst(count) }
                        return (Array(state.items[..<count]), false)
                    }
                    if let items { return items }
                    if hasEnded { throw MachineError.switchedOff(waitingFor: name, last: []) }
                    try await bell.wait()
                }
            }
        } catch is DeadlineOver {
            throw MachineError.silent(waitingFor: name, seconds: Int(limit / .seconds(1)), last: [])
        }
    }
}
