import APT
import Primitives
import Solver

/// Makes the indexes of a mirror as the build does, out of the stanzas of another archive's packages.
struct MirrorTiming {
    let table: PackageTable
    /// How many packages the mirror has.
    let count: Int

    /// Prints a table of medians: making the stanzas, and all files of the mirror's suite but the signatures.
    func run(rounds: Int) async throws {
        let step = max(1, table.packageCount / max(count, 1))
        let chosen = stride(from: 0, to: table.packageCount, by: step).prefix(count).map { PackageID(Int32($0)) }
        let details = try chosen.map { try table.details(of: $0) }
        var stanzas: [Duration] = []
        var indexes: [Duration] = []
        var sizes: [(path: String, bytes: Int)] = []
        for _ in 0..<rounds {
            let start = ContinuousClock.now
            let packages = try zip(chosen, details).map { package, details in
                try MirrorPackage(
                    stanza: table.stanzaBytes(of: package), path: details.filename, size: details.size,
                    digest: details.sha256)
            }
            stanzas.append(ContinuousClock.now - start)
            let suite = MirrorSuite(
                name: "trixie", origin: "made", label: "made", architectures: [table.architectures[0]],
                components: [MirrorSuite.Component(name: "main", packages: packages)])
            let second = ContinuousClock.now
            let files = try await MirrorWriter(epoch: 1_700_000_000).files(of: suite)
            indexes.append(ContinuousClock.now - second)
            sizes = files.filter { !$0.path.contains("/by-hash/") }.map { ($0.path, $0.bytes.count) }
        }
        let all = zip(stanzas, indexes).map(+)
        print("| \(chosen.count) packages; medians of \(rounds) | time |")
        print("|---|---:|")
        print("| the stanzas of the mirror | \(Benchmarks.shown(Benchmarks.median(stanzas))) |")
        print("| Packages, .gz, .xz and both Release, with digests | \(Benchmarks.shown(Benchmarks.median(indexes))) |")
        print("| both | \(Benchmarks.shown(Benchmarks.median(all))) |")
        print("")
        print(sizes.map { "\($0.path) \($0.bytes)" }.joined(separator: " · "))
    }
}
