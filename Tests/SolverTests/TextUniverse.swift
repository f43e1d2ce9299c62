import Solver

/// A universe written as text, a package a line:
///
///     a 1 depends: b | c, d; recommends: e; conflicts: f; provides: g
///
/// `b` means every package of that name or providing it, in the order of the lines; `b=2` one version. `b if c` binds
/// only where c is installed. Versions of one name conflict with each other.
struct TextUniverse: PackageUniverse {
    private struct Entry {
        var name: String
        var version: String
        var requirements: [Requirement] = []
        var conflicts: [Conflict] = []
        var requirementTexts: [String] = []
        var conflictTexts: [String] = []
    }

    private var entries: [Entry] = []
    private var byName: [String: [PackageID]] = [:]

    var packageCount: Int { entries.count }
    var policy = ChoicePolicy.fewest

    init(_ text: String) {
        let lines = text.split(separator: "\n").map(Self.trimmed).filter { !$0.isEmpty }
        var fields: [[(String, String)]] = []
        for line in lines {
            let words = line.split(separator: " ", maxSplits: 2).map(String.init)
            let id = PackageID(entries.count)
            entries.append(Entry(name: words[0], version: words[1]))
            var own: [(String, String)] = []
            for field in (words.count > 2 ? words[2] : "").split(separator: ";") {
                let parts = field.split(separator: ":", maxSplits: 1)
                own.append((Self.trimmed(parts[0]), Self.trimmed(parts[1])))
            }
            fields.append(own)
            byName[words[0], default: []].append(id)
            for (_, value) in own where own.contains(where: { $0.0 == "provides" && $0.1 == value }) {
                for name in value.split(separator: ",") { byName[Self.trimmed(name), default: []].append(id) }
            }
        }
        for index in entries.indices {
            let own = PackageID(index)
            for (field, value) in fields[index] {
                for part in value.split(separator: ",").map(Self.trimmed) {
                    switch field {
                    case "depends", "recommends":
                        let sides = part.split(separator: " if ", omittingEmptySubsequences: false)
                        let given = sides.count > 1 ? ids(Self.trimmed(sides[1])) : []
                        for condition in given.isEmpty ? [[]] : given.map({ [$0] }) {
                            entries[index].requirements.append(
                                Requirement(
                                    candidates: alternatives(Self.trimmed(sides[0])),
                                    label: Int32(entries[index].requirementTexts.count),
                                    isOptional: field == "recommends", given: condition))
                        }
                        entries[index].requirementTexts.append("\(field) on \(part)")
                    case "conflicts":
                        entries[index].conflicts.append(
                            Conflict(
                                packages: ids(part).filter { $0 != own },
                                label: Int32(entries[index].conflictTexts.count)))
                        entries[index].conflictTexts.append("conflicts with \(part)")
                    default: break
                    }
                }
            }
            let others = (byName[entries[index].name] ?? []).filter {
                $0 != own && entries[Int($0.index)].name == entries[index].name
            }
            if !others.isEmpty {
                entries[index].conflicts.append(Conflict(packages: others, label: -1))
            }
        }
    }

    /// What "a | b=2" allows.
    func alternatives(_ text: String) -> [PackageID] {
        text.split(separator: "|").flatMap { ids(Self.trimmed($0)) }
    }

    /// What "a" or "a=2" allows.
    func ids(_ text: String) -> [PackageID] {
        let parts = text.split(separator: "=").map(String.init)
        guard let name = parts.first else { return [] }
        let all = byName[name] ?? []
        return parts.count > 1 ? all.filter { entries[Int($0.index)].version == parts[1] } : all
    }

    /// A request for each of "a | b, c, ?d": a question mark makes an item optional. Labels are positions.
    func request(_ text: String, recommends: Bool = false, forbidden: String = "") -> SolverRequest {
        let items = text.split(separator: ",").map(Self.trimmed).enumerated().map { index, part in
            Requirement(
                candidates: alternatives(part.hasPrefix("?") ? String(part.dropFirst()) : part), label: Int32(index),
                isOptional: part.hasPrefix("?"))
        }
        return SolverRequest(
            items: items, forbidden: forbidden.split(separator: ",").flatMap { ids(Self.trimmed($0)) },
            takesOptionalRequirements: recommends)
    }

    func requirements(of package: PackageID) -> [Requirement] { entries[Int(package.index)].requirements }
    func conflicts(of package: PackageID) -> [Conflict] { entries[Int(package.index)].conflicts }
    func name(_ package: PackageID) -> String {
        (byName[entries[Int(package.index)].name] ?? []).count > 1
            ? describe(package) : entries[Int(package.index)].name
    }
    func describe(_ package: PackageID) -> String {
        "\(entries[Int(package.index)].name) \(entries[Int(package.index)].version)"
    }
    func describe(requirement label: Int32, of package: PackageID) -> String {
        entries[Int(package.index)].requirementTexts[Int(label)]
    }
    func describe(conflict label: Int32, of package: PackageID) -> String {
        label < 0 ? "is another version" : entries[Int(package.index)].conflictTexts[Int(label)]
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var text = Substring(text)
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
