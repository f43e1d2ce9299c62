import Primitives
package import RPM
import Solver

/// Packages as a primary.xml has them, from one line each: `name-version-release.arch`, then `kind: relation, relation; …`.
package struct MadeRepository {
    package static func xml(_ lines: [String], count: Int? = nil) -> [UInt8] {
        let packages = lines.map(package).joined(separator: "\n")
        return Array(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="\(count ?? lines.count)">
            \(packages)
            </metadata>

            """.utf8)
    }

    package static func index(_ lines: [String], name: String = "made") throws -> PrimaryIndex {
        try PrimaryIndex(reading: xml(lines), source: name)
    }

    package static func table(_ repositories: [(name: String, lines: [String])]) throws -> RPMTable {
        try RPMTable(repositories.map { (index: try index($0.lines, name: $0.name), repository: $0.name) })
    }

    package static func universe(
        _ lines: [String], rules: RPMPolicy = RPMPolicy(architecture: "x86_64")
    ) throws -> RPMUniverse {
        RPMUniverse(try table([(name: "made", lines: lines)]), rules: rules)
    }

    private static func package(_ line: String) -> String {
        let parts = line.split(separator: " ", maxSplits: 1)
        guard let nevra = NEVRA(parts[0]) else { return "" }
        let version = RPMVersion(nevra.version)
        var kinds: [String: [String]] = ["provides": ["\(nevra.name) = \(nevra.version)"]]
        var files: [String] = []
        for group in (parts.count > 1 ? parts[1] : "").split(separator: ";") {
            let words = group.split(separator: ":", maxSplits: 1).map { $0.trimmed }
            let values = words[1].split(separator: ",").map { $0.trimmed }
            if words[0] == "files" { files += values } else { kinds[words[0], default: []] += values }
        }
        let order = RelationKind.allCases.map { "\($0)" }
        let relations = order.compactMap { kind in
            kinds[kind].map { "<rpm:\(kind)>\($0.map(entry).joined())</rpm:\(kind)>" }
        }
        let digest = Digest(of: parts[0].utf8).hex
        return """
            <package type="rpm"><name>\(nevra.name)</name><arch>\(nevra.architecture)</arch>
            <version epoch="\(version.epoch ?? "0")" ver="\(version.version)" rel="\(version.release ?? "")"/>
            <checksum type="sha256" pkgid="YES">\(digest)</checksum><summary>A &lt;made&gt; package</summary>
            <time file="1" build="1700000000"/><size package="1000" installed="2000" archive="1500"/>
            <location href="Packages/\(parts[0]).rpm"/>
            <format><rpm:license>MIT</rpm:license><rpm:sourcerpm>\(nevra.name)-1-1.src.rpm</rpm:sourcerpm>
            <rpm:header-range start="100" end="900"/>\(relations.joined())
            \(files.map { "<file>\($0)</file>" }.joined())</format></package>
            """
    }

    private static func entry(_ relation: String) -> String {
        func escaped(_ text: String) -> String {
            text.split(separator: "<", omittingEmptySubsequences: false).joined(separator: "&lt;")
        }
        let words = relation.split(separator: " ")
        if relation.hasPrefix("(") || words.count < 3 { return "<rpm:entry name=\"\(escaped(relation))\"/>" }
        let names = ["=": "EQ", ">=": "GE", ">": "GT", "<=": "LE", "<": "LT"]
        let version = RPMVersion(words[2])
        let release = version.release.map { " rel=\"\($0)\"" } ?? ""
        return """
            <rpm:entry name="\(words[0])" flags="\(names[String(words[1])] ?? "EQ")" epoch="\(version.epoch ?? "0")" \
            ver="\(version.version)"\(release)/>
            """
    }
}

extension Substring {
    fileprivate var trimmed: String {
        var text = self
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}

extension RPMUniverse {
    /// What would be installed for `requests`, without versions where each name is there once; nil where that is impossible.
    package func answer(_ requests: String..., recommends: Bool = false, without: [String] = []) throws -> [String]? {
        var items: [Requirement] = []
        for (number, request) in requests.enumerated() {
            items += try requirements(for: RPMRequest(request), label: Int32(number))
        }
        var solver = Solver(universe: self)
        let forbidden = without.flatMap { table.packages(named: $0) }
        let request = SolverRequest(items: items, forbidden: forbidden, takesOptionalRequirements: recommends)
        guard case .solved(let solution) = try solver.solve(request) else { return nil }
        return solution.packages.map(describe).sorted()
    }

    /// Why `requests` are impossible, in sentences; nothing where they are not.
    package func reasons(_ requests: String...) throws -> [String] {
        var items: [Requirement] = []
        for (number, request) in requests.enumerated() {
            items += try requirements(for: RPMRequest(request), label: Int32(number))
        }
        var solver = Solver(universe: self)
        guard case .impossible(let explanation) = try solver.solve(SolverRequest(items: items)) else { return [] }
        return explanation.steps(in: self) { "\"\(requests[Int($0)])\"" }
    }
}
