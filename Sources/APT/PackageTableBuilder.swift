/// What a ``PackageTable`` is while it grows.
struct PackageTableBuilder {
    let sources: [PackageTable.Source]
    private let architectures: [[UInt8]]
    var entries: [PackageTable.Entry] = []
    var names: NameTable
    var provisions: [PackageTable.Provision] = []
    var firstPackage: [Int32] = []
    var firstProvision: [Int32] = []
    var otherSources: [Int32: [Int32]] = [:]
    private var lastPackage: [Int32] = []

    /// A name in more versions than this is an attack or an accident: they are compared one by one.
    private static let versionLimit = 4096

    init(sources: [PackageTable.Source], architectures: [[UInt8]]) {
        self.sources = sources
        self.architectures = architectures
        let count = sources.reduce(0) { $0 + $1.index.count }
        names = NameTable(capacity: count * 2)
        entries.reserveCapacity(count)
        firstPackage.reserveCapacity(count * 2)
        firstProvision.reserveCapacity(count * 2)
        lastPackage.reserveCapacity(count * 2)
    }

    /// The place of an architecture in the list, that of `all` being the first.
    @inline(__always)
    static func slot(of architecture: UnsafeRawBufferPointer, in architectures: [[UInt8]]) -> UInt8? {
        if architecture.equals(0..<architecture.count, ignoringCase: "all") { return 0 }
        for slot in architectures.indices {
            if architectures[slot].withUnsafeBytes({ architecture.isSame(as: $0) }) { return UInt8(slot) }
        }
        return nil
    }

    private mutating func intern(_ name: UnsafeRawBufferPointer) -> Int {
        let number = Int(names.intern(name))
        if number == firstPackage.count {
            firstPackage.append(-1)
            lastPackage.append(-1)
            firstProvision.append(-1)
        }
        return number
    }

    mutating func addPackages() throws(PackageIndexError) {
        for (source, item) in sources.enumerated() {
            let bytes = item.index.text.bytes
            for (number, record) in item.index.records.enumerated() {
                let architecture = bytes.slice(record.architecture)
                guard let slot = PackageTableBuilder.slot(of: architecture, in: architectures) else { continue }
                let name = intern(bytes.slice(record.name))
                if let twin = try twin(of: record, architecture, name: name, in: item) {
                    let known =
                        entries[Int(twin)].source == source || otherSources[twin]?.contains(Int32(source)) == true
                    if !known { otherSources[twin, default: []].append(Int32(source)) }
                    continue
                }
                let package = Int32(entries.count)
                entries.append(
                    PackageTable.Entry(source: Int32(source), record: Int32(number), name: Int32(name), slot: slot))
                if lastPackage[name] >= 0 {
                    entries[Int(lastPackage[name])].next = package
                } else {
                    firstPackage[name] = package
                }
                lastPackage[name] = package
            }
        }
    }

    /// The package that is already there under the same name, version and architecture.
    private func twin(
        of record: PackageRecord, _ architecture: UnsafeRawBufferPointer, name: Int, in item: PackageTable.Source
    ) throws(PackageIndexError) -> Int32? {
        var other = firstPackage[name]
        guard other >= 0 else { return nil }
        let version = item.index.text.bytes.slice(record.version)
        var steps = 0
        while other >= 0 {
            let entry = entries[Int(other)]
            let index = sources[Int(entry.source)].index
            let otherRecord = index.records[Int(entry.record)]
            if index.text.bytes.slice(otherRecord.version).isSame(as: version),
                index.text.bytes.slice(otherRecord.architecture).isSame(as: architecture)
            {
                return other
            }
            other = entry.next
            steps += 1
            guard steps < PackageTableBuilder.versionLimit else {
                throw PackageIndexError(
                    source: item.index.source, package: names.text(Int32(name)), problem: .tooManyVersions)
            }
        }
        return nil
    }

    /// Reads every Provides. As apt does, one with an operator other than `=` is ignored.
    mutating func addProvisions() throws(PackageIndexError) {
        for package in entries.indices {
            let entry = entries[package]
            let index = sources[Int(entry.source)].index
            let record = index.records[Int(entry.record)]
            guard !record.provides.isEmpty else { continue }
            let bytes = index.text.bytes
            var parser = RelationParser(bytes, record.provides)
            do throws(RelationSyntaxError) {
                while let relation = try parser.next() {
                    if let comparison = relation.comparison, comparison != .equal { continue }
                    var slot = PackageTable.Provision.ownSlot
                    if case .architecture(let range) = relation.qualifier {
                        let named = PackageTableBuilder.slot(of: bytes.slice(range), in: architectures)
                        guard let named else { continue }
                        slot = named
                    }
                    let name = intern(bytes.slice(relation.name))
                    provisions.append(
                        PackageTable.Provision(
                            package: Int32(package), versionStart: UInt32(relation.version.lowerBound),
                            versionLength: UInt16(clamping: relation.version.count), slot: slot,
                            next: firstProvision[name]))
                    firstProvision[name] = Int32(provisions.count - 1)
                }
            } catch {
                throw PackageIndexError(
                    source: index.source, package: names.text(entry.name), field: "Provides", problem: .relation(error))
            }
        }
    }
}
