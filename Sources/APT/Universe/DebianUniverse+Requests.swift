import Primitives
package import Solver

/// From what people ask for to packages.
extension DebianUniverse {
    /// What `request` asks of a solution; `label` and `isOptional` go into it.
    ///
    /// A plain name means its candidate, as for apt; a name that is only provided means the one candidate that provides it and is not
    /// kept out, and is refused where there are several, as apt does. A version or a suite makes that package the candidate for all that follows, so take in every request
    /// before solving. Throws where nothing answers the request.
    package func requirement(
        for request: PackageRequest, label: Int32, isOptional: Bool = false
    ) throws(PackageRequestError) -> Requirement {
        func fail(_ problem: PackageRequestError.Problem) -> PackageRequestError {
            PackageRequestError(request: request.description, problem: problem)
        }
        var slot: UInt16? = 0
        if var architecture = request.architecture {
            slot = architecture.withUTF8 { table.slot(of: UnsafeRawBufferPointer($0)) }
        }
        guard let slot else { throw fail(.unknownArchitecture(known: table.architectures)) }
        guard let name = table.names.find(request.name), table.isProvided(request.name) else {
            throw fail(.unknownName(nearest: table.nearestNames(to: request.name)))
        }
        let real = table.packages(named: request.name).map(\.index).filter { table.entries[Int($0)].slot == slot }
        if let version = request.version {
            guard let package = packageOfVersion(version, among: real) else {
                throw fail(.noSuchVersion(available: real.map { table.version(of: PackageID($0)).description }))
            }
            makeCandidate(package, followingSuite: nil)
            return Requirement(candidates: [PackageID(package)], label: label, isOptional: isOptional)
        }
        if let suite = request.suite {
            let package = real.first { table.origins(of: PackageID($0)).contains { $0.isSuite(suite) } }
            guard let package else {
                let suites = Set(real.flatMap { table.origins(of: PackageID($0)).map(\.suite) })
                throw fail(.notInSuite(available: suites.sorted()))
            }
            makeCandidate(package, followingSuite: suite)
            return Requirement(candidates: [PackageID(package)], label: label, isOptional: isOptional)
        }
        if let candidate = candidate(name, slot) {
            return Requirement(candidates: [PackageID(candidate)], label: label, isOptional: isOptional)
        }
        guard real.isEmpty else { throw fail(.forbiddenByPins) }
        let providers = providers(of: name, slot)
        guard !providers.isEmpty else { throw fail(.notForArchitecture(table.architectures[Int(slot)])) }
        let left = providers.map { PackageID($0) }.filter { !keptOut.contains($0) }
        guard left.count <= 1 else { throw fail(.severalProvide(left.map(table.name).sorted())) }
        return Requirement(candidates: left, label: label, isOptional: isOptional)
    }

    private func packageOfVersion(_ version: String, among packages: [Int32]) -> Int32? {
        let wanted = DebianVersion(unchecked: version.utf8)
        return packages.first { table.versionBytes($0).elementsEqual(wanted.bytes) }
            ?? packages.first { DebianVersion(unchecked: table.versionBytes($0)) == wanted }
    }

    /// Whatever a solver may choose: the candidate of every name and architecture, in the order of the indexes.
    package var allCandidates: [PackageID] {
        (0..<Int32(table.packageCount)).filter { isCandidate($0) }.map { PackageID($0) }
    }

    /// The packages a system starts from, sorted by name: candidates of the native architecture that are Essential, or have a
    /// Priority up to `priority`. `.required` is debootstrap's minbase, `.important` its default.
    ///
    /// Protected says only that a package must not be removed: of those that exclude each other it is on many.
    package func basePackages(upTo priority: PackagePriority = .important) -> [PackageID] {
        // The table knows those that hardly anybody asks beyond.
        let possible = priority <= .important ? Array(table.image.basics) : Array(0..<Int32(table.packageCount))
        let names = possible.compactMap { package -> (name: String, package: PackageID)? in
            let record = table.record(package)
            let isWanted = record.isEssential || record.priority != .unknown && record.priority <= priority
            guard isWanted, table.entries[Int(package)].slot == 0, isCandidate(package) else { return nil }
            return (table.name(of: PackageID(package)), PackageID(package))
        }
        return names.sorted { $0.name < $1.name }.map(\.package)
    }
}
