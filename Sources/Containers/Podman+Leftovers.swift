import Primitives
import SystemPackage

/// What was left behind by a process that was killed.
extension Podman {
    /// Removes containers and temporary files whose process is gone; says how many containers. For the start of a build.
    package func removeLeftovers() async throws -> Int {
        let observer = try ContainerOwner.current()
        try removeFolders(observer)
        let reply = try await client.call(PodmanArguments.listContainers)
        guard reply.status == 0 else {
            throw ContainerError.podmanFailed(action: "list its containers", messages: reply.messages)
        }
        let abandoned = PodmanClient.lines(reply.output).compactMap { line -> String? in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard let name = fields.first.map(String.init) else { return nil }
            let owner = fields.count > 1 ? ContainerOwner(label: String(fields[1])) : nil
            return isAbandoned(name, owner: owner, observer: observer) ? name : nil
        }
        guard !abandoned.isEmpty else { return 0 }
        let removal = try await client.call(PodmanArguments.remove(abandoned))
        guard removal.status == 0 else {
            throw ContainerError.notRemoved(containers: abandoned, messages: removal.messages)
        }
        return abandoned.count
    }

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
