import Primitives
import SystemPackage

/// What was left behind by a process that was killed.
extension Podman {
    /// Removes containers and temporary files whose process is gone; says how many containers. For the start of a build.
    package func removeLeftovers() async throws -> Int {
        let observer = try ContainerOwner.current()
        try removeFolders(observer)
        let abandoned = try await containers().filter { isAbandoned($0.name, owner: $0.owner, observer: observer) }
        try await removeContainers(abandoned.map(\.name))
        return abandoned.count
    }

    /// Removes the containers of these names, of which some may not exist, also where the task is cancelled.
    ///
    /// A container may be on its way in or out: of a client that was ended while it made one, or of one that goes away by
    /// itself meanwhile, which podman reports as a failure. So what counts is what is there afterwards.
    func removeContainers(_ names: [String]) async throws {
        guard !names.isEmpty else { return }
        var messages: [String] = []
        for _ in 0..<Self.attempts {
            messages = try await client.callRegardless(PodmanArguments.remove(names)).messages
            if try await Set(containers().map(\.name)).isDisjoint(with: names) { return }
            try? await Task.sleep(for: .milliseconds(200))
        }
        throw ContainerError.notRemoved(containers: names, messages: messages)
    }

    /// All containers of any deploy on this host. Listing fails now and then where another container goes away meanwhile.
    private func containers() async throws -> [(name: String, owner: ContainerOwner?)] {
        var messages: [String] = []
        for _ in 0..<Self.attempts {
            let reply = try await client.callRegardless(PodmanArguments.listContainers)
            messages = reply.messages
            guard reply.status == 0 else { continue }
            return reply.lines.map { line in
                let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
                return (fields.first ?? "", fields.count > 1 ? ContainerOwner(label: fields[1]) : nil)
            }
        }
        throw ContainerError.podmanFailed(action: "list its containers", messages: messages)
    }

    private static let attempts = 5

    private func removeFolders(_ observer: ContainerOwner) throws {
        guard Files.exists(state) else { return }
        for name in try Files.list(state) where isAbandoned(name, owner: nil, observer: observer) {
            try Files.remove(state.appending(name))
        }
    }

    /// A container that podman knows only half of, and a folder, have no label: there the number of the process in the name has
    /// to do, and one that is alive again as somebody else is left alone.
    private func isAbandoned(_ name: String, owner: ContainerOwner?, observer: ContainerOwner) -> Bool {
        if let owner { return owner.isGone(asSeenBy: observer) }
        guard let process = PodmanArguments.process(ofContainer: name) else { return false }
        return !Proc().exists("\(process)")
    }
}
