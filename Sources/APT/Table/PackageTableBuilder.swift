import Primitives

/// What a ``PackageTable`` is while it grows.
struct PackageTableBuilder {
    private let texts: [ByteRegion]
    private let architectures: [[UInt8]]
    private(set) var records: [PackageRecord]
    private(set) var entries: [PackageTable.Entry]
    private(set) var names: NameInterner
    private(set) var provisions: [PackageTable.Provision]
    private(set) var firstPackage: [Int32]
    private(set) var firstProvision: [Int32]
    private(set) var basics: [Int32]
    private var otherSources: [Int32: [Int32]] = [:]
    /// By name. Empty where the builder extends a table: then the chain of the name is followed.
    private var lastPackage: [Int32] = []
    private let knowsLastPackages: Bool

    /// A name in more versions than this is an attack or an accident: they are compared one by one.
    private static let versionLimit = 4096
    /// Names longer than this are no names.
    private static let nameLimit = 1000

    /// A builder with nothing in it yet, for the packages of `indexes`.
    init(_ indexes: [PackageIndex], architectures: [[UInt8]]) {
        texts = indexes.map(\.text)
        self.architectures = architectures
        let count = indexes.reduce(0) { $0 + $1.count }
        names = NameInterner(texts: texts.map(\.bytes), capacity: count * 2)
        (records, entries, provisions, firstPackage, firstProvision, basics) = ([], [], [], [], [], [])
        knowsLastPackages = true
        records.reserveCapacity(count)
        entries.reserveCapacity(count)
        firstPackage.reserveCapacity(count * 2)
        firstProvision.reserveCapacity(count * 2)
        lastPackage.reserveCapacity(count * 2)
    }

    /// A builder with all that `table` has, for the few packages of `index` after them.
    init(extending table: PackageTable, by index: PackageIndex) {
        texts = table.sources.map(\.text) + [index.text]
        architectures = table.architectureBytes
        names = NameInterner(table.names, texts: texts.map(\.bytes))
        records = Array(table.image.records)
        entries = Array(table.image.entries)
        provisions = Array(table.image.provisions)
        firstPackage = Array(table.image.firstPackage)
        firstProvision = Array(table.image.firstProvision)
        basics = Array(table.image.basics)
        for other in table.image.otherSources { otherSources[other.package, default: []].append(other.source) }
        knowsLastPackages = false
    }

    /// The place of an architecture in the list, that of `all` being the first.
    @inline(__always)
    static func slot(of architecture: UnsafeRawBufferPointer, in architectures: [[UInt8]]) -> UInt16? {
        if architecture.equals(0..<architecture.count, ignoringCase: "all") { return 0 }
        for slot in architectures.indices {
            if architectures[slot].withUnsafeBytes({ architecture.isSame(as: $0) }) { return UInt16(slot) }
        }
        return nil
    }

    /// Adds the packages of `indexes`, whose sources are numbered from `first`, and what they provide.
    mutating func add(_ indexes: [PackageIndex], after first: Int) throws(PackageIndexError) {
        let known = entries.count
        for (number, index) in indexes.enumerated() { try addPackages(of: index, source: first + number) }
        try addProvisions(from: known) { indexes[$0 - first].source }
    }

    var sortedOtherSources: [PackageTable.OtherSource] {
        otherSources.sorted { $0.key < $1.key }.flatMap { package, sources in
            sources.map { PackageTable.OtherSource(package: package, source: $0) }
        }
    }

    private mutating func intern(_ name: Range<Int>, source: Int) -> Int {
        let number = Int(names.intern(name, source: source))
        if number == firstPackage.count {
            firstPackage.append(-1)
            firstProvision.append(-1)
            if knowsLastPackages { lastPackage.append(-1) }
        }
        return number
    }

    private func lastPackage(of name: Int) -> Int32 {
        if knowsLastPackages { return lastPackage[name] }
        var last: Int32 = -1
        var next = firstPackage[name]
        while next >= 0 {
            last = next
            next = entries[Int(last)].next
        }
        return last
    }

    private mutating func addPackages(of index: PackageIndex, source: Int) throws(PackageIndexError) {
        let bytes = index.text.bytes
        for record in index.records {
            let architecture = bytes.slice(record.architecture)
            guard let slot = PackageTableBuilder.slot(of: architecture, in: architectures) else { continue }
            let name = intern(record.name, source: source)
            if let twin = try twin(of: record, architecture, name: name, in: index) {
                let known = entries[Int(twin)].source == source || otherSources[twin]?.contains(Int32(source)) == true
                if !known { otherSources[twin, default: []].append(Int32(source)) }
                continue
            }
            let package = Int32(entries.count)
            let last = lastPackage(of: name)
            records.append(record)
            entries.append(PackageTable.Entry(name: Int32(name), source: UInt16(source), slot: slot))
            if last >= 0 {
                entries[Int(last)].next = package
            } else {
                firstPackage[name] = package
            }
            if knowsLastPackages { lastPackage[name] = package }
            if slot == 0, record.isEssential || record.priority != .unknown && record.priority <= .important {
                basics.append(package)
            }
        }
    }

    /// The package that is already there under the same name, version and architecture.
    private func twin(
        of record: PackageRecord, _ architecture: UnsafeRawBufferPointer, name: Int, in index: PackageIndex
    ) throws(PackageIndexError) -> Int32? {
        var other = firstPackage[name]
        guard other >= 0 else { return nil }
        let version = index.text.bytes.slice(record.version)
        var steps = 0
        while other >= 0 {
            let entry = entries[Int(other)]
            let otherBytes = texts[Int(entry.source)].bytes
            let otherRecord = records[Int(other)]
            if otherBytes.slice(otherRecord.version).isSame(as: version),
                otherBytes.slice(otherRecord.architecture).isSame(as: architecture)
            {
                return other
            }
            other = entry.next
            steps += 1
            guard steps < PackageTableBuilder.versionLimit else {
                throw PackageIndexError(
                    source: index.source, package: index.text.text(record.name), problem: .tooManyVersions)
            }
        }
        return nil
    }

    /// Reads every Provides from that of package `first` on. As apt does, one with an operator other than `=` is ignored.
    private mutating func addProvisions(
        from first: Int, _ sourceName: (Int) -> String
    ) throws(PackageIndexError) {
        for package in first..<entries.count {
            let record = records[package]
            guard !record.provides.isEmpty else { continue }
            let source = Int(entries[package].source)
            let region = texts[source]
            let bytes = region.bytes
            func fail(_ problem: PackageIndexError.Problem) -> PackageIndexError {
                PackageIndexError(
                    source: sourceName(source), package: region.text(record.name), field: "Provides", problem: problem)
            }
            var parser = RelationParser(bytes, record.provides)
            while true {
                let next: Relation?
                do throws(RelationSyntaxError) { next = try parser.next() } catch { throw fail(.relation(error)) }
                guard let relation = next else { break }
                if let comparison = relation.comparison, comparison != .equal { continue }
                var slot = PackageTable.Provision.ownSlot
                if case .architecture(let range) = relation.qualifier {
                    let named = PackageTableBuilder.slot(of: bytes.slice(range), in: architectures)
                    guard let named else { continue }
                    slot = named
                }
                guard relation.name.count <= PackageTableBuilder.nameLimit else { throw fail(.tooLong) }
                let name = intern(relation.name, source: source)
                provisions.append(
                    PackageTable.Provision(
                        package: Int32(package), versionStart: UInt32(relation.version.lowerBound),
                        next: firstProvision[name], versionLength: UInt16(clamping: relation.version.count),
                        slot: slot))
                firstProvision[name] = Int32(provisions.count - 1)
            }
        }
    }
}
