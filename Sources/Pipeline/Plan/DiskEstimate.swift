import BuildGraph
import ContentStore
import Primitives
import SystemPackage

/// How much disk a build will take, judged before it starts by what its steps read and by how large results were last time.
struct DiskEstimate {
    let standing: [(step: Step, standing: StepStanding)]
    let rebuildsAll: Bool
    let store: any ArtifactStore
    /// The folder that it is in.
    let folder: FilePath

    /// Says the estimate, and throws `DiskTooSmall` where the disk can't hold it.
    func check(events: (BuildEvent) -> Void) async throws {
        let needed = try await bytes()
        guard needed > .zero else { return }
        let free = try Files.freeSpace(at: folder)
        if needed > ByteCount(100_000_000) { events(.notice("disk: about \(needed) needed, \(free) free")) }
        guard needed <= free else { throw DiskTooSmall(needed: needed, free: free, folder: folder.string) }
    }

    private func bytes() async throws -> ByteCount {
        var sum = ByteCount.zero
        /// By step and output; of a step that has yet to run its main output stands for all.
        var sizes: [StepName: [String: ByteCount]] = [:]
        for (step, standing) in standing {
            if case .cached(let record) = standing, !rebuildsAll {
                sizes[step.name] = record.outputs.mapValues(\.size)
                continue
            }
            var inputs = ByteCount.zero
            for (name, input) in step.inputs {
                guard case .output(let producer, let output) = input, name != "image" else { continue }
                inputs += sizes[producer]?[output] ?? .zero
            }
            let main = step.outputs["rootfs.tar"] == nil ? step.outputs.keys.min() ?? "" : "rootfs.tar"
            if case .native(identifier: "fetch", _, _) = step.action {
                sizes[step.name] = [main: fetchSize(step)]
                sum += try await missing(step)
            } else {
                let kept = ByteCount(Int64(Double(inputs.bytes) * step.growth.kept))
                // A tree that a native step makes names blobs that are there already.
                sizes[step.name] = [main: step.outputs[main] == .tree ? inputs : kept]
                sum += kept + ByteCount(Int64(Double(inputs.bytes) * step.growth.scratch))
            }
        }
        return sum
    }

    /// The lines of a fetch step: digest and size of each file.
    private func files(_ step: Step) -> [Blob] {
        guard case .literal(let bytes) = step.inputs["files"] else { return [] }
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
            guard fields.count == 3, let digest = Digest(hex: fields[0]),
                let size = Int64(String(decoding: fields[1], as: UTF8.self))
            else { return nil }
            return Blob(digest, size: ByteCount(size))
        }
    }

    private func fetchSize(_ step: Step) -> ByteCount { files(step).reduce(.zero) { $0 + $1.size } }

    private func missing(_ step: Step) async throws -> ByteCount {
        try await store.missing(of: Set(files(step))).reduce(.zero) { $0 + $1.size }
    }
}

/// A build that would not fit.
struct DiskTooSmall: UserError {
    let needed: ByteCount
    let free: ByteCount
    let folder: String
    var what: String { "the build needs about \(needed), and \(folder) has \(free) left" }
    var hint: String? { "free some space, or put the cache elsewhere: DEPLOY_CACHE=/path ./deploy build" }
}
