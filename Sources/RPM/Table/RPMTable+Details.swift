package import Primitives
package import Solver

/// What is known of one package.
extension RPMTable {
    /// "bash"
    package func name(of package: PackageID) -> String { string(record(package.index).name) }
    /// With its release, and an epoch that is not 0: "5.1.8-9.el9".
    package func version(of package: PackageID) -> RPMVersion { RPMVersion(bytes(record(package.index).version)) }
    /// "x86_64" or "noarch"
    package func architecture(of package: PackageID) -> String { string(record(package.index).architecture) }
    /// As the person knows it: "appstream".
    package func repository(of package: PackageID) -> String { repositories[Int(record(package.index).repository)] }
    /// One line for people; empty where the index has none.
    package func summary(of package: PackageID) -> String { string(record(package.index).summary) }

    /// "bash-5.1.8-9.el9.x86_64", with the epoch where it is not 0: as dnf shows it.
    package func nevra(of package: PackageID) -> String {
        "\(name(of: package))-\(version(of: package)).\(architecture(of: package))"
    }

    /// What mirror, lock and bill of materials need.
    package func details(of package: PackageID) -> RPMPackageDetails {
        let record = record(package.index)
        return RPMPackageDetails(
            name: string(record.name), version: RPMVersion(bytes(record.version)),
            architecture: string(record.architecture), repository: repositories[Int(record.repository)],
            location: string(record.location), base: record.base == 0 ? nil : string(record.base),
            checksumKind: ChecksumKind(rawValue: record.checksumKind) ?? .md5,
            checksum: string(record.checksum).lowercased(), size: ByteCount(clamping: record.packageSize),
            installedSize: ByteCount(clamping: record.installedSize),
            headerRange: Int(
                clamping: record.headerStart)..<Int(
                    clamping: max(record.headerStart, record.headerEnd)),
            buildTime: record.buildTime, sourcePackage: string(record.sourcePackage), license: string(record.license),
            summary: string(record.summary), element: Int(record.elementStart)..<Int(record.elementEnd))
    }

    /// The relations of `package` of one kind, in order.
    package func relations(_ kind: RelationKind, of package: PackageID) -> [RPMRelation] {
        relations(kind, of: package.index).map { relation in
            RPMRelation(
                name: string(relation.name), flags: relation.flags.subtracting(.rich),
                version: relation.version == 0 ? nil : RPMVersion(bytes(relation.version)))
        }
    }

    /// The files that the index names; it leaves most out, those of filelists.xml.
    package func files(of package: PackageID) -> [String] {
        let record = record(package.index)
        return image.files[Int(record.fileStart)..<Int(record.fileEnd)].map(string)
    }

    /// All packages called `name`, in order.
    package func packages(named name: String) -> [PackageID] {
        find(name).map { packages(named: $0).map { PackageID($0) } } ?? []
    }

    /// The packages whose names are as a shell pattern says, or called just so, in order.
    package func packages(matching pattern: String) -> [PackageID] {
        guard Glob.isPattern(pattern) else { return packages(named: pattern) }
        var matches: [Int32: Bool] = [:]
        return (0..<Int32(packageCount)).filter { package in
            let name = record(package).name
            if let known = matches[name] { return known }
            let isMatch = Glob.matches(pattern, string(name), ignoringCase: false)
            matches[name] = isMatch
            return isMatch
        }.map { PackageID($0) }
    }

    /// Whether a package is called `name`, provides it or has it as a file.
    package func isProvided(_ name: String) -> Bool {
        find(name).map { !providers(of: $0).isEmpty || !packages(named: $0).isEmpty } ?? false
    }
}

extension ByteCount {
    fileprivate init(clamping bytes: UInt64) { self.init(Int64(clamping: bytes)) }
}

/// One package of a repository, as its index describes it.
package struct RPMPackageDetails: Hashable, Sendable {
    /// "bash"
    package let name: String
    /// With its release, and an epoch that is not 0.
    package let version: RPMVersion
    /// "x86_64" or "noarch".
    package let architecture: String
    /// As the person knows it: "appstream".
    package let repository: String
    /// The path in the repository; it never leads out of it.
    package let location: String
    /// Another address that `location` is relative to.
    package let base: String?
    /// Which digest of the file the index has; one that is no digest of ours counts as MD5, which vouches for nothing.
    package let checksumKind: ChecksumKind
    /// In lower case hexadecimal digits.
    package let checksum: String
    /// Of the file.
    package let size: ByteCount
    /// What its files take up, unpacked; 0 where the index does not say.
    package let installedSize: ByteCount
    /// Where rpm's header lies in the file, in bytes.
    package let headerRange: Range<Int>
    /// Seconds since 1970.
    package let buildTime: Int64
    /// The file that it was built from: "bash-5.1.8-9.el9.src.rpm"; empty where the index does not say.
    package let sourcePackage: String
    /// As it declares it: "GPLv3+"; empty where the index does not say.
    package let license: String
    /// One line for people; empty where the index has none.
    package let summary: String
    /// Where the package's element lies in the unpacked primary.xml, with blanks before it.
    package let element: Range<Int>
}

/// A relation as metadata have it.
package struct RPMRelation: Hashable, Sendable, CustomStringConvertible {
    /// The whole text of a rich relation.
    package let name: String
    /// How versions compare; empty where any will do.
    package let flags: RelationFlags
    /// What is compared with; nil where any will do, and in a rich relation.
    package let version: RPMVersion?

    package init(name: String, flags: RelationFlags = [], version: RPMVersion? = nil) {
        self.name = name
        self.flags = flags
        self.version = version
    }

    package var description: String { version.map { "\(name) \(flags.symbol) \($0)" } ?? name }

    /// The names that stand in it: several in a rich relation.
    package var names: [String] {
        guard name.hasPrefix("(") else { return [name] }
        var name = name
        return name.withUTF8 { utf8 in
            let text = UnsafeRawBufferPointer(utf8)
            guard let rich = try? RichRelationParser.parse(text) else { return [] }
            return rich.names.map { String(decoding: text.slice($0), as: UTF8.self) }
        }
    }
}
