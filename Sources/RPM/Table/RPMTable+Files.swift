import Solver

extension RPMTable {
    /// The paths that packages require and that no primary index may name, sorted: to know who has them, filelists.xml has to
    /// be read, if this is not empty. A primary index has all paths of commands and in /etc, and few others.
    package var missingFiles: [String] {
        var known: Set<Int32> = []
        var result: Set<String> = []
        for package in 0..<Int32(packageCount) {
            for kind in [RelationKind.requires, .conflicts, .recommends, .supplements] {
                for relation in relations(kind, of: package) where known.insert(relation.name).inserted {
                    for path in paths(in: relation) where !isInPrimary(path) {
                        let isKnown = find(path).map { !providers(of: $0).isEmpty } ?? false
                        if !isKnown { result.insert(String(decoding: path, as: UTF8.self)) }
                    }
                }
            }
        }
        return result.sorted()
    }

    private func paths(in relation: StoredRelation) -> [UnsafeRawBufferPointer] {
        let text = bytes(relation.name)
        guard relation.isRich else { return text[0] == UInt8(ascii: "/") ? [text] : [] }
        guard text.contains(UInt8(ascii: "/")), let rich = try? RichRelationParser.parse(text) else { return [] }
        return rich.names.map { text.slice($0) }.filter { $0[0] == UInt8(ascii: "/") }
    }

    /// Whether a primary index names every package that has `path`: createrepo_c's cr_is_primary.
    private func isInPrimary(_ path: UnsafeRawBufferPointer) -> Bool {
        if path.hasPrefix("/etc/") || path.isSame(as: "/usr/lib/sendmail") { return true }
        return path.indices.contains { path.slice($0..<path.count).hasPrefix("bin/") }
    }
}

extension RichRelation {
    /// Where names stand in the text.
    var names: [Range<Int>] {
        switch self {
        case .name(let name, _, _): [name]
        case .and(let all), .or(let all): all.flatMap(\.names)
        case .if(let one, let other, let third), .unless(let one, let other, let third):
            one.names + other.names + (third?.names ?? [])
        case .with(let one, let other), .without(let one, let other): one.names + other.names
        }
    }
}
