package import Solver

/// Packages and relations in words.
extension RPMUniverse {
    /// "bash-5.1.8-9.el9.x86_64"
    package func describe(_ package: PackageID) -> String { table.nevra(of: package) }

    /// "requires libc.so.6()(64bit)", "recommends bash-completion", "is supplemented by langpacks-de"
    package func describe(requirement label: Int32, of package: PackageID) -> String {
        if let other = supplementing(ofLabel: label) { return "is supplemented by \(table.name(of: other))" }
        if label == Self.sameVersionOfOtherArchitecture {
            return "comes only beside the same version for \(rules.architecture)"
        }
        return describeRelation(label, of: package)
    }

    /// "conflicts with filesystem < 3", "can be installed in one version only"
    package func describe(conflict label: Int32, of package: PackageID) -> String {
        label == Self.otherVersion ? "can be installed in one version only" : describeRelation(label, of: package)
    }

    /// The relation of `package` with this label, as in its index; nil where the label stands for none.
    package func relation(_ label: Int32, of package: PackageID) -> (kind: RelationKind, relation: RPMRelation)? {
        let record = table.record(package.index)
        let place = Int(record.relationStart) + Int(label)
        guard label >= 0, let kind = RelationKind.allCases.first(where: { record.relations($0).contains(place) }) else {
            return nil
        }
        let relations = table.relations(kind, of: package)
        return (kind, relations[place - record.relations(kind).lowerBound])
    }

    private func describeRelation(_ label: Int32, of package: PackageID) -> String {
        guard let (kind, relation) = relation(label, of: package) else { return "needs something" }
        return "\(kind.verb) \(relation)"
    }
}
