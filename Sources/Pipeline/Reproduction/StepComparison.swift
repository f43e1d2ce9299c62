import BuildGraph
import ContentStore
import Evidence
import Primitives
import SystemPackage

/// Compares what a step made in two stores.
actor StepComparison {
    private let store: ContentStore
    private let other: ContentStore
    private let folder: FilePath
    /// The two files that differ first, laid out to be looked at.
    private var differing: (first: FilePath, second: FilePath)?

    /// What differs is laid out in `folder`.
    init(store: ContentStore, other: ContentStore, folder: FilePath) {
        self.store = store
        self.other = other
        self.folder = folder.appending("differing")
    }

    /// `second` is nil where the step has no record in the other store.
    func verdict(_ first: StepRecord, _ second: StepRecord?) async throws -> Reproduction.Verdict {
        guard let second else {
            return .differs(output: "all outputs", ContentDifference([], "the second build has no record of it"))
        }
        for (output, artifact) in first.outputs.sorted(by: { $0.key < $1.key }) {
            let again = second.outputs[output]
            guard artifact != again else { continue }
            let readTheSame = first.inputs.mapValues(\.artifact.digest) == second.inputs.mapValues(\.artifact.digest)
            guard readTheSame, let again else { return .follows }
            return .differs(output: output, try await difference(artifact, again, output))
        }
        return .same
    }

    private func difference(
        _ first: Artifact, _ second: Artifact, _ name: String
    ) async throws -> ContentDifference {
        var (mine, again) = (first, second)
        var path: String?
        if first.kind == .tree, second.kind == .tree {
            let (before, after) = (try await store.tree(first.blob), try await other.tree(second.blob))
            let paths = Set(before.paths).union(after.paths).sorted()
            guard let different = paths.first(where: { before.nodes[$0] != after.nodes[$0] }) else {
                return ContentDifference([], "the same files, listed otherwise")
            }
            guard case .file(let one, let isExecutable)? = before.nodes[different],
                case .file(let another, isExecutable)? = after.nodes[different]
            else {
                return ContentDifference([different], "is another kind of file, or missing in one of them")
            }
            (mine, again, path) = (Artifact(file: one), Artifact(file: another), different)
        }
        let places = (first: folder.appending("first"), second: folder.appending("second"))
        try Files.createDirectory(folder)
        try await store.materialize(mine, at: places.first)
        try await other.materialize(again, at: places.second)
        if differing == nil { differing = places }
        let scratch = try PrivateFolder()
        let found = try await ContentComparison(in: scratch.path).difference(places.first, places.second)
        withExtendedLifetime(scratch) {}
        let difference = found ?? ContentDifference([], "its name")
        return path.map { ContentDifference([$0] + difference.place, difference.what) } ?? difference
    }

    /// What diffoscope(1) says of the first two files that differ, as far as it is installed: at most 40 lines.
    func report() async -> [String] {
        guard let differing else { return [] }
        let program = ChildProgram("diffoscope", environment: nil)
        let outcome = try? await program.run(
            ["--text", "-", "--max-text-report-size", "8192", differing.first.string, differing.second.string])
        return Array((outcome?.lines ?? []).prefix(40))
    }
}
