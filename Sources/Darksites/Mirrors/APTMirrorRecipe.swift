import APT
import Archives
package import BuildGraph
import ContentStore
package import Locking
import Primitives
import Solver
import SystemPackage

/// How the mirror of a distribution is made of fetched packages: nothing but them, and indexes.
package struct APTMirrorRecipe: Sendable {
    /// The folder below dists/, and what the mirror says of itself.
    package let codename: String
    package let label: String
    /// Seconds since 1970: the date of the indexes.
    package let epoch: Int64

    package init(codename: String, label: String, epoch: Int64) {
        self.codename = codename
        self.label = label
        self.epoch = epoch
    }

    /// The file whose signature vouches for all others, of the suite `codename`.
    package static func statement(of codename: String) -> String { "dists/\(codename)/Release" }

    /// The one component that holds everything.
    package static let component = "main"

    /// Where a mirror of ours has the list of its packages of an architecture.
    package static func index(codename: String, architecture: String) -> String {
        "dists/\(codename)/\(component)/binary-\(architecture)/Packages"
    }

    /// The step that writes the tree `mirror` of `locked`, as far as the packages of `profiles` go.
    ///
    /// `packages` is a tree of all their files by name, `indexes` one of the upstream indexes that `ArchiveFile`
    /// names, by digest. `built` are files of packages that the build made itself.
    package func step(
        _ name: StepName, stage: Stage, locked: LockedDistribution, profiles: Set<String>, packages: StepInput,
        indexes: StepInput,
        built: [String: StepInput]
    ) -> Step {
        let wanted = locked.packages.filter { !profiles.isDisjoint(with: $0.profiles) }
        let order = locked.indexes.map { "\($0.digest.hex) \($0.repository) \($0.path)" }
        let lines = order + wanted.map { "\($0.name) \($0.version) \($0.architecture) \($0.digest.hex) \($0.path)" }
        var inputs = built
        inputs["packages"] = packages
        inputs["indexes"] = indexes
        inputs["list"] = .literal(Array((lines.joined(separator: "\n") + "\n").utf8))
        let architectures = locked.architectures
        inputs["suite"] = .literal(
            Array("\(codename) \(label) \(architectures.joined(separator: ",")) \(epoch)\n".utf8))
        return Step(
            name, stage: stage, title: "mirror of \(wanted.count + built.count) packages", inputs: inputs,
            action: .native(identifier: "apt mirror", version: 5) { context in
                var listed = try await upstream(wanted, in: locked.indexes, architectures: architectures, context)
                for input in built.keys.sorted() { listed.append(try await own(input, context)) }
                return try await write(listed, architectures: architectures, context)
            },
            outputs: ["mirror": .tree])
    }

    /// Where each of `packages` lies in a mirror of them all.
    package static func places(of packages: [LockedPackage]) -> [String] {
        let paths = DistinctPaths(packages.lazy.map { (path(of: $0), $0.digest) })
        return packages.map { paths.path(path(of: $0), of: $0.digest) }
    }

    /// Where a package lies in the mirror: where it lay in its repository, below pool/.
    private static func path(of package: LockedPackage) -> String {
        let path = package.mirrorPath
        return path.hasPrefix("pool/") ? path : "pool/\(package.repository)/\(path)"
    }

    private struct Listed: Sendable {
        let package: MirrorPackage
        let blob: Blob
    }

    /// The wanted packages with the stanzas that upstream's indexes have for them.
    private func upstream(
        _ wanted: [LockedPackage], in indexes: [LockedIndex], architectures: [String], _ context: StepContext
    ) async throws -> [Listed] {
        context.report(StepProgress(activity: "reading upstream's indexes"))
        // In the order of the lock: of a package that several indexes list, the first one's stanza is taken. A stanza comes out of
        // the index that the lock names, and the lock was followed to its signature; nothing that is kept of indexes counts here.
        let table = try await VerifiedIndexes(store: context.store).table(of: indexes, architectures: architectures)
        let places = Self.places(of: wanted)
        return try await BlockingWork.run {
            try zip(wanted, places).map { package, path in
                let listed = try table.packages(named: package.name).first {
                    try table.details(of: $0).sha256 == package.digest
                }
                guard let stanza = listed.map(table.stanzaBytes) else {
                    throw MirrorGap(package: "\(package.name) \(package.version)", path: package.path)
                }
                return Listed(
                    package: try MirrorPackage(stanza: stanza, path: path, size: package.size, digest: package.digest),
                    blob: package.blob)
            }
        }
    }

    /// A package that the build made itself.
    private func own(_ input: String, _ context: StepContext) async throws -> Listed {
        let blob = try context.artifact(input).blob
        let path = try await context.path(input)
        let file = input.split(separator: "/").last.map(String.init) ?? input
        let name = String(file.prefix { $0 != "_" })
        let paragraph = try await BlockingWork.run { try DebFile(path).controlParagraph() }
        return Listed(
            package: try MirrorPackage(
                controlParagraph: paragraph, path: "pool/\(Self.component)/\(name.prefix(1))/\(name)/\(file)",
                size: blob.size, digest: blob.digest), blob: blob)
    }

    private func write(
        _ listed: [Listed], architectures: [String], _ context: StepContext
    ) async throws -> StepResult {
        context.report(StepProgress(activity: "writing the indexes"))
        let suite = MirrorSuite(
            name: codename, origin: "kldload", label: label, architectures: architectures,
            components: [MirrorSuite.Component(name: Self.component, packages: listed.map(\.package))])
        var tree = FileTree()
        try await context.add(MirrorWriter(epoch: epoch).files(of: suite), to: &tree)
        for item in listed { try tree.set(.file(item.blob), at: item.package.path) }
        let mirror = try await context.output(tree: tree)
        return StepResult(outputs: ["mirror": mirror], summary: "\(listed.count) packages, \(mirror.size)")
    }
}

/// A locked package that no locked index lists.
struct MirrorGap: UserError {
    let package: String
    let path: String
    var what: String { "\(package) is in deploy.lock, but in none of the indexes that it names (\(path))" }
    var hint: String? {
        """
        see what changed it (`git diff deploy.lock`, `git log -p deploy.lock`): a line changed by hand, or of another side of a \
        merge, does it; restore the last that was right, or remove the file, and build
        """
    }
}
