import BuildGraph
import ContentStore
import Primitives

/// How much disk a build will take, judged before it starts by what its steps read and by how large results were last time.
struct DiskEstimate {
    let standing: [(step: Step, standing: StepStanding)]
    let rebuildsAll: Bool
    /// So many steps run at once at the most, and what they use while they run is free again afterwards.
    let parallel: Int
    let store: any ArtifactStore

    /// What the steps bring into the store, and what they use besides while they run.
    func bytes() async throws -> ByteCount {
        var sum = ByteCount.zero
        var scratches: [ByteCount] = []
        /// By step and output.
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
            func share(_ factor: Double) -> ByteCount { ByteCount(Int64(Double(inputs.bytes) * factor)) }
            let fetched = Set(step.disk.fetched)
            // A tree that a step makes names blobs that are there already, or are fetched.
            let tree = inputs + fetched.reduce(.zero) { $0 + $1.size }
            let kept = step.disk.kept.mapValues(share)
            sizes[step.name] = step.outputs.filter { $0.value == .tree }.mapValues { _ in tree }
                .merging(kept) { _, kept in kept }
            sum += kept.values.reduce(.zero, +)
            scratches.append(share(step.disk.scratch))
            sum += try await store.missing(of: fetched).reduce(.zero) { $0 + $1.size }
        }
        return scratches.sorted(by: >).prefix(parallel).reduce(sum, +)
    }
}
