import Primitives
package import Solver

/// Packages and relations in words.
extension DebianUniverse {
    /// "postfix 3.10.1-1 amd64"
    package func describe(_ package: PackageID) -> String {
        "\(table.name(of: package)) \(table.version(of: package)) \(table.architecture(of: package))"
    }

    /// "depends on a | b (>= 1)", with all alternatives as they are written.
    package func describe(requirement label: Int32, of package: PackageID) -> String {
        describeRelation(at: label, of: package)
    }

    /// "depends on a | b (>= 1)": the relation that starts `offset` bytes into the package's stanza, with its field as a verb.
    func describeRelation(at offset: Int32, of package: PackageID) -> String {
        let (verb, alternatives) = relation(at: offset, of: package)
        guard !alternatives.isEmpty else { return "\(verb) something that can't be read" }
        return "\(verb) \(alternatives.map(\.text).joined(separator: " | "))"
    }

    /// The alternatives of a requirement as names and as written, "b" and "b (>= 1)"; empty where its field does not parse.
    package func alternatives(ofRequirement label: Int32, of package: PackageID) -> [(name: String, text: String)] {
        relation(at: label, of: package).alternatives
    }

    private func relation(
        at offset: Int32, of package: PackageID
    ) -> (verb: String, alternatives: [(name: String, text: String)]) {
        let bytes = table.bytes(package.index)
        let start = Int(table.record(package.index).start) + Int(offset)
        var verb = "needs"
        var end = start
        table.forEachField(of: package.index) { name, value in
            guard value.lowerBound <= start, start < value.upperBound else { return }
            end = value.upperBound
            switch String(decoding: bytes.slice(name), as: UTF8.self).lowercased() {
            case "pre-depends": verb = "pre-depends on"
            case "depends": verb = "depends on"
            case "recommends": verb = "recommends"
            case "conflicts": verb = "conflicts with"
            case "breaks": verb = "breaks"
            default: break
            }
        }
        var parser = RelationParser(bytes, start..<end)
        var alternatives: [(name: String, text: String)] = []
        while let relation = try? parser.next() {
            if !alternatives.isEmpty, !relation.isAlternative { break }
            alternatives.append(
                (
                    String(decoding: bytes.slice(relation.name), as: UTF8.self),
                    String(decoding: bytes.slice(relation.extent), as: UTF8.self)
                ))
        }
        return (verb, alternatives)
    }
}
