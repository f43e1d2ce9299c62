import Primitives

/// What an ``RPMTable`` is while it grows.
struct RPMTableBuilder {
    private var pool: StringPool?
    private var records: [RPMRecord] = []
    private var relations: [StoredRelation] = []
    private var files: [Int32] = []

    /// Adds the packages of one more repository.
    mutating func add(_ index: PrimaryIndex, repository: UInt16) throws(MetadataError) {
        guard var pool = self.pool.take() else {
            pool = index.pool
            records = index.records
            relations = index.relations
            files = index.files
            for number in records.indices { records[number].repository = repository }
            return
        }
        let isTooLarge =
            pool.bytes.count + index.pool.bytes.count > Int(Int32.max)
            || relations.count + index.relations.count > Int(Int32.max)
        guard !isTooLarge else { throw MetadataError(source: index.source, problem: .tooMany("names or relations")) }
        let texts: [Int32] = index.pool.entries.indices.map { number in
            index.pool.withBytes(of: Int32(number)) { pool.intern($0) }
        }
        let (relationStart, fileStart) = (UInt32(relations.count), UInt32(files.count))
        records.reserveCapacity(records.count + index.records.count)
        for record in index.records {
            var record = record
            record.move(relations: relationStart, files: fileStart) { texts[Int($0)] }
            record.repository = repository
            records.append(record)
        }
        relations += index.relations.map {
            StoredRelation(name: texts[Int($0.name)], version: texts[Int($0.version)], flags: $0.flags)
        }
        files += index.files.map { texts[Int($0)] }
        self.pool = pool
    }

    /// The finished table.
    consuming func image() -> ByteRegion {
        let pool = pool ?? StringPool(capacity: 0)
        let providers = providers(textCount: pool.entries.count)
        let named = named(textCount: pool.entries.count)
        var sections = FlatSections.Writer()
        sections.add(pool.bytes)
        sections.add(pool.entries)
        sections.add(pool.places)
        sections.add(records)
        sections.add(relations)
        sections.add(files)
        sections.add(providers.starts)
        sections.add(providers.elements)
        sections.add(named.starts)
        sections.add(named.elements)
        return sections.region()
    }

    private func providers(textCount: Int) -> (starts: [UInt32], elements: [RPMTable.Provider]) {
        Self.grouped(textCount: textCount, empty: RPMTable.Provider(package: 0, version: 0, flags: [])) { body in
            for (package, record) in records.enumerated() {
                for relation in relations[record.relations(.provides)] {
                    body(
                        relation.name,
                        RPMTable.Provider(package: Int32(package), version: relation.version, flags: relation.flags))
                }
                for file in files[Int(record.fileStart)..<Int(record.fileEnd)] {
                    body(file, RPMTable.Provider(package: Int32(package), version: 0, flags: []))
                }
            }
        }
    }

    private func named(textCount: Int) -> (starts: [UInt32], elements: [Int32]) {
        Self.grouped(textCount: textCount, empty: 0) { body in
            for (package, record) in records.enumerated() { body(record.name, Int32(package)) }
        }
    }

    /// Elements by the text they belong to, otherwise in order, and where those of each text start.
    private static func grouped<Element>(
        textCount: Int, empty: Element, _ forEach: ((Int32, Element) -> Void) -> Void
    ) -> (starts: [UInt32], elements: [Element]) {
        var starts = [UInt32](repeating: 0, count: textCount + 1)
        forEach { text, _ in starts[Int(text) + 1] += 1 }
        for text in 1..<starts.count { starts[text] += starts[text - 1] }
        var next = starts
        var elements = [Element](repeating: empty, count: Int(starts[textCount]))
        forEach { text, element in
            elements[Int(next[Int(text)])] = element
            next[Int(text)] += 1
        }
        return (starts, elements)
    }
}
