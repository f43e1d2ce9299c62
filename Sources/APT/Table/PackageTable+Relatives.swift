package import Solver

/// Who stands in for a package, and who speaks of it.
extension PackageTable {
    /// The packages that provide `name` and are not called so; in the order of the sources, each once.
    package func providers(of name: String) -> [PackageID] {
        guard let number = names.find(name) else { return [] }
        var found: [PackageID] = []
        var next = firstProvision[Int(number)]
        while next >= 0 {
            let provision = provisions[Int(next)]
            next = provision.next
            let package = PackageID(provision.package)
            if entries[Int(provision.package)].name != number, !found.contains(package) { found.append(package) }
        }
        return found.sorted()
    }

    /// A relation of a package in which a name stands.
    package struct Mention: Hashable, Sendable {
        /// "Depends"
        package let field: String
        /// With all its alternatives: "exim4 | mail-transport-agent".
        package let relation: String
        /// Of all its alternatives, without versions: "exim4", "mail-transport-agent".
        package let names: [String]
    }

    /// The relations of Pre-Depends, Depends, Recommends and Suggests of `package` in which one of `wanted` stands. A field
    /// that does not parse counts as far as it does.
    package func mentions(of wanted: Set<String>, by package: PackageID) -> [Mention] {
        let fields = ["Pre-Depends", "Depends", "Recommends", "Suggests"]
        let bytes = bytes(package.index)
        var found: [Mention] = []
        forEachField(of: package.index) { name, value in
            let spelled = String(decoding: bytes.slice(name), as: UTF8.self).lowercased()
            guard let field = fields.first(where: { $0.lowercased() == spelled }) else { return }
            var parser = RelationParser(bytes, value)
            var group: [Relation] = []
            func finish() {
                let names = group.map { String(decoding: bytes.slice($0.name), as: UTF8.self) }
                guard names.contains(where: wanted.contains) else { return }
                let texts = group.map { String(decoding: bytes.slice($0.extent), as: UTF8.self) }
                found.append(Mention(field: field, relation: texts.joined(separator: " | "), names: names))
            }
            while let relation = try? parser.next() {
                if !relation.isAlternative {
                    finish()
                    group = []
                }
                group.append(relation)
            }
            finish()
        }
        return found
    }
}
