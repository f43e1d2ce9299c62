import APT
package import BuildGraph
import ContentStore
import Primitives
import Solver

/// What one profile installs of a finished mirror, and nothing else: so a package more in another profile leaves it as it is.
///
/// A flat folder of .debs with `Packages`, the mirror's own stanzas, as sources.list(5) has it for an exact path. There is
/// no Release file: its date and signature would change with every other package.
package struct APTProfileSlice: Sendable {
    /// The codename and the architecture of the mirror.
    package let codename: String
    package let architecture: String
    /// What the profile installs: `name version architecture` a line.
    package let list: [UInt8]
    /// The names of those that come before anything can be configured.
    package let essential: [String]

    package init(codename: String, architecture: String, list: [UInt8], essential: [String]) {
        self.codename = codename
        self.architecture = architecture
        self.list = list
        self.essential = essential
    }

    /// The step that takes it out of the tree `mirror`: the tree `packages`, and `first`, the names of the files that apt
    /// needs to run, itself and the Essential ones among them.
    package func step(_ name: StepName, stage: Stage, profile: String, mirror: StepInput) -> Step {
        let suite = "\(codename) \(architecture)\n"
        return Step(
            name, stage: stage, title: "what \(profile) installs of the mirror",
            inputs: [
                "mirror": mirror, "profile": .literal(list), "suite": .literal(Array(suite.utf8)),
                "essential": .literal(Array(essential.joined(separator: "\n").utf8)),
            ],
            action: .native(identifier: "profile slice", version: 2) { context in
                try await slice(context)
            },
            outputs: ["packages": .tree, "first": .file])
    }

    private func slice(_ context: StepContext) async throws -> StepResult {
        let mirror = try await context.tree("mirror")
        let path = APTMirrorRecipe.index(codename: codename, architecture: architecture)
        guard case .file(let blob, _) = mirror.nodes[path] else { throw SliceError("the mirror has no \(path)") }
        let bytes = try await context.store.bytes(of: blob)
        var (tree, stanzas, first, count) = try await BlockingWork.run { try slice(mirror, index: bytes, path) }
        try await context.add([RepositoryFile(path: "Packages", bytes: stanzas)], to: &tree)
        return StepResult(
            outputs: [
                "packages": try await context.output(tree: tree),
                "first": try await context.output(bytes: Array(first.utf8)),
            ],
            summary: "\(count) packages, \(tree.size)")
    }

    /// The packages of the profile by their files' names, their stanzas, the names that apt needs, and how many there are.
    private func slice(
        _ mirror: FileTree, index bytes: [UInt8], _ path: String
    ) throws -> (FileTree, stanzas: [UInt8], first: String, count: Int) {
        let origin = IndexOrigin(repository: "mirror", suite: codename, component: APTMirrorRecipe.component)
        let index = try PackageIndex(parsing: bytes, source: path)
        let table = try PackageTable([(index: index, origin: origin)], architecture: architecture)
        var found: [(package: PackageID, details: PackageDetails)] = []
        for line in list.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
            let listed = table.packages(named: words.first ?? "").first {
                [table.name(of: $0), "\(table.version(of: $0))", table.architecture(of: $0)] == words
            }
            guard let package = listed else {
                throw SliceError("the mirror's index has no \(words.joined(separator: " "))")
            }
            found.append((package, try table.details(of: package)))
        }
        func name(_ details: PackageDetails) -> String {
            details.filename.split(separator: "/").last.map(String.init) ?? details.filename
        }
        let names = DistinctPaths(found.lazy.map { (name($0.details), $0.details.sha256) })
        var tree = FileTree()
        var stanzas: [UInt8] = []
        var members: [Member] = []
        for (package, details) in found {
            guard let node = mirror.nodes[details.filename] else {
                throw SliceError("the mirror has no \(details.filename)")
            }
            let file = names.path(name(details), of: details.sha256)
            let stanza = try MirrorPackage(
                stanza: table.stanzaBytes(of: package), path: file, size: details.size, digest: details.sha256)
            stanzas += stanza.stanza + [UInt8(ascii: "\n")]
            try tree.set(node, at: file)
            let fields = ["Pre-Depends", "Depends", "Provides"].map { table.field($0, of: package) ?? "" }
            members.append(
                Member(
                    name: details.name, file: file, needs: try Member.groups(fields[0]) + Member.groups(fields[1]),
                    provides: try Member.groups(fields[2]).flatMap { $0 }))
        }
        let first = Member.closure(of: essential + ["apt"], in: members).map { $0.file + "\n" }.joined()
        return (tree, stanzas, first, members.count)
    }

    /// A package of the slice with the names in its relations.
    private struct Member {
        let name: String
        let file: String
        /// Of each dependency the alternatives.
        let needs: [[String]]
        let provides: [String]

        static func groups(_ field: String) throws -> [[String]] {
            let region = ByteRegion(Array(field.utf8))
            var parser = RelationParser(region.bytes, 0..<region.count)
            var groups: [[String]] = []
            while let relation = try parser.next() {
                if relation.isAlternative, !groups.isEmpty {
                    groups[groups.count - 1].append(String(decoding: region.bytes[relation.name], as: UTF8.self))
                } else {
                    groups.append([String(decoding: region.bytes[relation.name], as: UTF8.self)])
                }
            }
            withExtendedLifetime(region) {}
            return groups
        }

        /// Those called `names` and all that they need, in the order of `members`. The members are a solution: of the
        /// alternatives whatever is there is taken, and versions have been seen to.
        static func closure(of names: [String], in members: [Member]) -> [Member] {
            let byName = Dictionary(members.map { ($0.name, $0) }) { first, _ in first }
            var providers: [String: [String]] = [:]
            for member in members {
                for name in member.provides { providers[name, default: []].append(member.name) }
            }
            var taken: Set<String> = []
            var queue = names
            while let name = queue.popLast() {
                guard let member = byName[name], taken.insert(name).inserted else { continue }
                for group in member.needs {
                    let there = group.filter { byName[$0] != nil }
                    queue += there.isEmpty ? group.flatMap { providers[$0] ?? [] } : there
                }
            }
            return members.filter { taken.contains($0.name) }
        }
    }
}

/// A mirror that lacks what was to be in it.
struct SliceError: UserError {
    let what: String
    init(_ what: String) { self.what = what }
}
