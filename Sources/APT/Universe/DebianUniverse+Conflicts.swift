import Primitives
package import Solver

/// What a package does not tolerate: Conflicts and Breaks, other versions of itself, and itself for other architectures.
extension DebianUniverse {
    /// Labels of conflicts that no field declares.
    private static let otherVersion: Int32 = -1
    private static let otherArchitecture: Int32 = -2

    /// Other versions and architectures first, then Conflicts, then Breaks, which count alike. What a package provides
    /// itself it does not conflict with (Debian Policy 7.4).
    package func conflicts(of package: PackageID) -> [Conflict] {
        if let known = conflictMemo[package.index] { return known }
        let found = readConflicts(package.index)
        conflictMemo.set(found, of: package.index)
        return found
    }

    private func readConflicts(_ package: Int32) -> [Conflict] {
        let bytes = table.bytes(package)
        var conflicts, breaks: Range<Int>?
        table.forEachField(of: package) { name, value in
            switch (name.count, bytes[name.lowerBound] | 0x20) {
            case (9, 0x63) where bytes.equals(name, ignoringCase: "conflicts"): conflicts = value
            case (6, 0x62) where bytes.equals(name, ignoringCase: "breaks"): breaks = value
            default: break
            }
        }
        var result = implicitConflicts(package)
        if let conflicts { append(conflicts, "Conflicts", of: package, to: &result) }
        if let breaks { append(breaks, "Breaks", of: package, to: &result) }
        return result
    }

    /// One version of a name and architecture at a time; several architectures only where all are Multi-Arch: same and of
    /// one version.
    private func implicitConflicts(_ package: Int32) -> [Conflict] {
        let entry = table.entries[Int(package)]
        let record = table.record(package)
        var versions: [PackageID] = []
        var architectures: [PackageID] = []
        for other in table.packages(of: entry.name) where other != package {
            if table.entries[Int(other)].slot == entry.slot {
                versions.append(PackageID(other))
            } else if record.multiArch != .same || table.record(other).multiArch != .same
                || DebianVersion.compare(table.versionBytes(package), table.versionBytes(other)) != 0
            {
                architectures.append(PackageID(other))
            }
        }
        var result: [Conflict] = []
        if !versions.isEmpty { result.append(Conflict(packages: versions, label: DebianUniverse.otherVersion)) }
        if !architectures.isEmpty {
            result.append(Conflict(packages: architectures, label: DebianUniverse.otherArchitecture))
        }
        return result
    }

    private func append(_ field: Range<Int>, _ fieldName: String, of package: Int32, to result: inout [Conflict]) {
        let bytes = table.bytes(package)
        let start = Int(table.record(package).start)
        var parser = RelationParser(bytes, field)
        do throws(RelationSyntaxError) {
            while let relation = try parser.next() {
                guard applies(relation, in: bytes),
                    let name = table.names.find(bytes.slice(relation.name)),
                    let matching = RelationMatch(relation, of: package, in: table, isNegative: true)
                else { continue }
                var packages: [PackageID] = []
                let own = table.entries[Int(package)].name
                forEachMatch(name, matching) { other in
                    // What a package provides itself, under whatever version, does not conflict with it; Debian Policy 7.4.
                    if table.entries[Int(other)].name != own { packages.append(PackageID(other)) }
                }
                if packages.isEmpty { continue }
                result.append(Conflict(packages: packages, label: Int32(clamping: relation.extent.lowerBound - start)))
            }
        } catch {
            errors.append(
                PackageIndexError(
                    source: table.source(package).name,
                    package: table.name(of: PackageID(package)), field: fieldName, problem: .relation(error)))
            // Nobody knows what else it does not tolerate: as a requirement of nothing it makes the package impossible.
            brokenConflicts[package] = Int32(clamping: field.lowerBound - start)
        }
    }

    /// "conflicts with exim4", "breaks systemd (<< 250)", "can be installed in one version only"
    package func describe(conflict label: Int32, of package: PackageID) -> String {
        switch label {
        case DebianUniverse.otherVersion: "can be installed in one version only"
        case DebianUniverse.otherArchitecture: "can't be installed for another architecture beside it"
        default: describeRelation(at: label, of: package)
        }
    }
}
