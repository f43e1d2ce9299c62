import Archives
import Locking
import Primitives
import RPM

extension RPMSnapshotFetch {
    /// What is read of one state of a repository.
    struct Entry {
        let state: State
        /// 0 for the first state of the repository, then those that were added, by date.
        let generation: Int
        let primary: LockedIndex
        let groups: LockedIndex?
        let modules: LockedIndex?
        var fileLists: LockedIndex?

        var indexes: [LockedIndex] { [primary] + [groups, modules, fileLists].compactMap { $0 } }
    }

    /// Packages as they are read from indexes, whose bytes are at hand by their digests.
    struct Reading {
        private let primaries: [PrimaryIndex]
        let content: RPMSnapshotContent

        /// Reads all but filelists, several files at the same time. Blocks; throws `MetadataError` and `ArchiveError`.
        init(_ entries: [Entry], bytes: [Digest: [UInt8]]) throws {
            let states = Self.states(entries)
            let (modules, groups) = (Self.unique(entries, \.modules), Self.unique(entries, \.groups))
            let jobs = states.count + modules.count + groups.count
            let found = BlockingWork.concurrently(jobs, threads: min(jobs, Self.threads)) { number in
                Result { () throws -> Piece in
                    if number < states.count {
                        return .primary(try Self.primary(of: states[number], bytes))
                    } else if number < states.count + modules.count {
                        let index = modules[number - states.count]
                        return .modules(
                            try ModuleMetadata(reading: bytes[index.digest] ?? [], source: Self.name(of: index)))
                    }
                    let index = groups[number - states.count - modules.count]
                    return .groups(try Comps(reading: bytes[index.digest] ?? [], source: Self.name(of: index)))
                }
            }
            var primaries: [PrimaryIndex] = []
            var (allModules, allGroups) = (ModuleMetadata(), Comps())
            for piece in found {
                switch try piece.get() {
                case .primary(let index): primaries.append(index)
                case .modules(let metadata): allModules = allModules.merged(with: metadata)
                case .groups(let comps): allGroups = allGroups.merged(with: comps)
                }
            }
            try self.init(primaries, states, modules: allModules, groups: allGroups)
        }

        private init(
            _ primaries: [PrimaryIndex], _ states: [Entry], modules: ModuleMetadata, groups: Comps
        ) throws(MetadataError) {
            self.primaries = primaries
            let table = try RPMTable(zip(primaries, states).map { (index: $0, repository: $1.state.source.name) })
            content = RPMSnapshotContent(
                table: table, modules: modules, groups: groups, generations: states.map(\.generation))
        }

        private static let threads = 4

        private enum Piece {
            case primary(PrimaryIndex)
            case modules(ModuleMetadata)
            case groups(Comps)
        }

        /// The same with what the filelists of `entries`, the same ones, know of `missing`. Blocks, and throws as `init` does.
        func adding(_ entries: [Entry], missing: [String], bytes: [Digest: [UInt8]]) throws -> Reading {
            let states = Self.states(entries)
            let lists = BlockingWork.concurrently(states.count, threads: min(states.count, Self.threads)) { number in
                Result { () throws -> FileList? in
                    guard let index = states[number].fileLists else { return nil }
                    return try FileList(
                        reading: bytes[index.digest] ?? [], source: Self.name(of: index),
                        openSize: states[number].state.index.file("filelists")?.openSize, wanted: missing)
                }
            }
            var primaries = primaries
            for (number, list) in lists.enumerated() {
                if let list = try list.get() { primaries[number].add(list) }
            }
            return try Reading(primaries, states, modules: content.modules, groups: content.groups)
        }

        /// Those of `entries` whose packages no earlier state of the repository has: an index may not change between two.
        static func states(_ entries: [Entry]) -> [Entry] {
            var seen: Set<[String]> = []
            return entries.filter { seen.insert([$0.state.source.name, $0.primary.digest.hex]).inserted }
        }

        private static func unique(_ entries: [Entry], _ index: (Entry) -> LockedIndex?) -> [LockedIndex] {
            var seen: Set<Digest> = []
            return entries.compactMap(index).filter { seen.insert($0.digest).inserted }
        }

        private static func primary(of entry: Entry, _ bytes: [Digest: [UInt8]]) throws -> PrimaryIndex {
            try PrimaryIndex(
                reading: bytes[entry.primary.digest] ?? [], source: name(of: entry.primary),
                openSize: entry.state.index.file("primary")?.openSize)
        }

        private static func name(of index: LockedIndex) -> String { "\(index.repository) \(index.path)" }

        /// What a reading of `entries` is kept under.
        static func source(of entries: [Entry]) -> ParsedRPMSnapshots.Source {
            ParsedRPMSnapshots.Source(
                repositories: states(entries).map { state in
                    ParsedRPMSnapshots.Source.Repository(
                        name: state.state.source.name, primary: state.primary.digest,
                        fileLists: state.fileLists?.digest)
                }, modules: unique(entries, \.modules).map(\.digest), groups: unique(entries, \.groups).map(\.digest))
        }
    }
}
