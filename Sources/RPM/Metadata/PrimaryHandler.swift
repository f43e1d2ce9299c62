/// Gathers the packages of a primary.xml; createrepo_c's doc/ and rpm-metadata's primary.rng say what is in one.
final class PrimaryHandler: XMLHandler {
    private(set) var records: [RPMRecord] = []
    private(set) var relations: [StoredRelation] = []
    private(set) var files: [Int32] = []
    private(set) var pool: StringPool

    private var record = RPMRecord()
    private var isPackage = false
    private var isSkipped = false
    private var kind: RelationKind?
    private var kindRank = -1
    private var relationEnds: [UInt32] = Array(repeating: 0, count: 8)
    private var pending: [(kind: RelationKind, relation: StoredRelation)] = []
    private var isInOrder = true
    private var checksumKind: ChecksumKind?
    private var declaredCount: Int?
    private var found = 0
    private var scratch: [UInt8] = []
    /// 0 where `ver` of an entry means nothing.
    private var relationTextLimit = 1 << 16

    private static let packageLimit = 4_000_000
    private static let relationLimit = 500_000_000

    init(capacity: Int) { pool = StringPool(capacity: max(capacity, 512)) }

    override var packageName: String? { record.name == 0 ? nil : pool.text(record.name) }

    override func start(_ name: UnsafeRawBufferPointer, _ attributes: XMLAttributes, depth: Int) {
        switch depth {
        case 0:
            guard name.isSame(as: "metadata") else { return fail(.wrongRoot(Self.excerpt(name))) }
            declaredCount = attributes.value("packages").flatMap { $0.decimal.map { Int($0) } }
        case 1: startPackage(name, attributes)
        case 2 where isPackage: startProperty(name, attributes)
        case 3 where isPackage: startFormat(name, attributes)
        case 4 where isPackage && kind != nil && name.isSame(as: "entry"): addRelation(attributes)
        default: break
        }
    }

    override func end(_ name: UnsafeRawBufferPointer, depth: Int) {
        switch depth {
        case 1:
            if isPackage { endPackage() }
            record.elementStart = UInt32(truncatingIfNeeded: position)
        case 2 where isPackage && collectsText: endProperty(name)
        case 3 where isPackage:
            kind = nil
            if collectsText { endFormat(name) }
        default: break
        }
    }

    override func finish() {
        guard let declaredCount, declaredCount != found else { return }
        fail(.countDiffers(declared: declaredCount, found: found))
    }

    private func startPackage(_ name: UnsafeRawBufferPointer, _ attributes: XMLAttributes) {
        guard name.isSame(as: "package") else { return }
        let start = record.elementStart
        record = RPMRecord()
        record.elementStart = start
        record.relationStart = UInt32(truncatingIfNeeded: relations.count)
        record.fileStart = UInt32(truncatingIfNeeded: files.count)
        isPackage = attributes.value("type").map { $0.isSame(as: "rpm") } ?? true
        for kind in 0..<8 { relationEnds[kind] = record.relationStart }
        kindRank = -1
        isInOrder = true
        found += 1
        if records.count >= Self.packageLimit { fail(.tooMany("packages")) }
        if relations.count >= Self.relationLimit { fail(.tooMany("relations")) }
        if pool.isFull { fail(.tooMany("names")) }
    }

    private func startProperty(_ name: UnsafeRawBufferPointer, _ attributes: XMLAttributes) {
        switch (name.count, name.isEmpty ? 0 : name[0]) {
        case (4, 0x6E) where name.isSame(as: "name"), (4, 0x61) where name.isSame(as: "arch"),
            (7, 0x73) where name.isSame(as: "summary"):
            collect()
        case (7, 0x76) where name.isSame(as: "version"):
            record.version = version(attributes)
            if record.version == 0 { fail(.missing("version")) }
        case (8, 0x63) where name.isSame(as: "checksum"):
            let type = attributes.value("type") ?? UnsafeRawBufferPointer(start: nil, count: 0)
            checksumKind = ChecksumKind(name: String(decoding: type, as: UTF8.self))
            if checksumKind == nil { return fail(.badValue("kind of digest", Self.excerpt(type))) }
            collect()
        case (4, 0x74) where name.isSame(as: "time"):
            attributes.forEach { name, value in
                if name.isSame(as: "build") { record.buildTime = value.decimal ?? 0 }
            }
        case (4, 0x73) where name.isSame(as: "size"):
            attributes.forEach { name, value in
                guard let number = value.decimal else { return fail(.badValue("size", Self.excerpt(value))) }
                if name.isSame(as: "package") {
                    record.packageSize = UInt64(number)
                } else if name.isSame(as: "installed") {
                    record.installedSize = UInt64(number)
                } else if name.isSame(as: "archive") {
                    record.archiveSize = UInt64(number)
                }
            }
        case (8, 0x6C) where name.isSame(as: "location"):
            attributes.forEach { name, value in
                if name.isSame(as: "href") {
                    guard RepositoryPath.isLocation(value) else { return fail(.unsafePath(Self.excerpt(value))) }
                    record.location = pool.append(value)
                } else if name.isSame(as: "base") {
                    record.base = pool.intern(value)
                }
            }
        default: break
        }
    }

    private func endProperty(_ name: UnsafeRawBufferPointer) {
        collectsText = false
        text.withUnsafeBytes { bytes in
            let value = bytes.trimmed
            switch name.count {
            case 4 where name.isSame(as: "name"): record.name = pool.intern(value)
            case 4: record.architecture = pool.intern(value)
            case 7: record.summary = pool.append(value)
            default:
                guard let kind = checksumKind, value.count == kind.digits,
                    value.allSatisfy({ $0.isDigit || ($0 | 0x20) &- 0x61 < 6 })
                else { return fail(.badValue("digest", Self.excerpt(value))) }
                record.checksumKind = kind.rawValue
                record.checksum = pool.append(value)
            }
        }
    }

    private func startFormat(_ name: UnsafeRawBufferPointer, _ attributes: XMLAttributes) {
        switch (name.count, name.isEmpty ? 0 : name[0]) {
        case (4, 0x66) where name.isSame(as: "file"), (7, 0x6C) where name.isSame(as: "license"),
            (9, 0x73) where name.isSame(as: "sourcerpm"):
            collect()
        case (12, 0x68) where name.isSame(as: "header-range"):
            attributes.forEach { name, value in
                guard let number = value.decimal else { return fail(.badValue("place", Self.excerpt(value))) }
                if name.isSame(as: "start") { record.headerStart = UInt64(number) }
                if name.isSame(as: "end") { record.headerEnd = UInt64(number) }
            }
        default:
            guard let kind = RelationKind(element: name) else { return }
            self.kind = kind
            if kind.rawValue < kindRank { isInOrder = false }
            kindRank = max(kindRank, kind.rawValue)
        }
    }

    private func endFormat(_ name: UnsafeRawBufferPointer) {
        collectsText = false
        text.withUnsafeBytes { bytes in
            if name.count == 4 {
                if !bytes.isEmpty { files.append(pool.intern(bytes)) }
            } else if name.count == 7 {
                record.license = pool.intern(bytes.trimmed)
            } else {
                record.sourcePackage = pool.intern(bytes.trimmed)
            }
        }
    }

    private func addRelation(_ attributes: XMLAttributes) {
        guard let kind else { return }
        var name: Int32 = 0
        var flags: RelationFlags = []
        var hasVersion = false
        attributes.forEach { attribute, value in
            switch (attribute.count, attribute[0]) {
            case (4, 0x6E) where attribute.isSame(as: "name"):
                if value.count > relationTextLimit { return fail(.tooMany("bytes in a relation")) }
                name = pool.intern(value)
                if !value.isEmpty, value[0] == UInt8(ascii: "(") { flags.insert(.rich) }
            case (5, 0x66) where attribute.isSame(as: "flags"):
                guard let comparison = RelationFlags(metadata: value) else {
                    return fail(.badValue("comparison", Self.excerpt(value)))
                }
                flags.formUnion(comparison)
            case (3, 0x76) where attribute.isSame(as: "ver"): hasVersion = true
            case (3, 0x70) where attribute.isSame(as: "pre"):
                if value.count == 1, value[0] == UInt8(ascii: "1") { flags.insert(.pre) }
            default: break
            }
        }
        guard name != 0 else { return fail(.missing("the name of a relation")) }
        if flags.isDisjoint(with: .comparison) {
            hasVersion = false
        } else if !hasVersion {
            return fail(.missing("the version of a relation"))
        }
        if flags.contains(.rich) { check(name) }
        let relation = StoredRelation(name: name, version: hasVersion ? version(attributes) : 0, flags: flags)
        if isInOrder {
            relations.append(relation)
            for later in kind.rawValue..<8 { relationEnds[later] = UInt32(truncatingIfNeeded: relations.count) }
        } else {
            pending.append((kind, relation))
        }
    }

    /// Fails where the text of a rich relation means nothing: whatever is asked of it later has an answer then.
    private func check(_ name: Int32) {
        pool.withBytes(of: name) { text in
            do throws(RichRelationError) { _ = try RichRelationParser.parse(text) } catch {
                fail(.relation(error, text: Self.excerpt(text)))
            }
        }
    }

    private func endPackage() {
        isPackage = false
        record.elementEnd = UInt32(truncatingIfNeeded: position)
        if !pending.isEmpty { sortRelations() }
        guard record.name != 0 else { return fail(.missing("name")) }
        guard record.architecture != 0 else { return fail(.missing("arch")) }
        guard record.version != 0 else { return fail(.missing("version")) }
        guard record.location != 0 else { return fail(.missing("location")) }
        guard record.checksum != 0 else { return fail(.missing("checksum")) }
        record.setRelationEnds(relationEnds)
        record.fileEnd = UInt32(truncatingIfNeeded: files.count)
        let isSource = pool.withBytes(of: record.architecture) { $0.isSame(as: "src") || $0.isSame(as: "nosrc") }
        if isSource {
            relations.removeSubrange(Int(record.relationStart)...)
            files.removeSubrange(Int(record.fileStart)...)
        } else {
            records.append(record)
        }
    }

    /// Puts relations whose kinds came in another order than usual where they belong.
    private func sortRelations() {
        let start = Int(record.relationStart)
        var all = pending
        for kind in RelationKind.allCases {
            let from = kind.rawValue == 0 ? start : Int(relationEnds[kind.rawValue - 1])
            all += relations[from..<Int(relationEnds[kind.rawValue])].map { (kind, $0) }
        }
        relations.removeSubrange(start...)
        for kind in RelationKind.allCases {
            relations += all.filter { $0.kind == kind }.map(\.relation)
            relationEnds[kind.rawValue] = UInt32(truncatingIfNeeded: relations.count)
        }
        pending.removeAll()
    }

    /// The number of `epoch:ver-rel`.
    private func version(_ attributes: XMLAttributes) -> Int32 {
        var epoch = UnsafeRawBufferPointer(start: nil, count: 0)
        var version = epoch
        var release = epoch
        attributes.forEach { name, value in
            guard name.count == 3 || name.count == 5 else { return }
            if name.isSame(as: "ver") {
                version = value
            } else if name.isSame(as: "rel") {
                release = value
            } else if name.isSame(as: "epoch") {
                epoch = value
            }
        }
        guard !version.isEmpty, version.count + release.count < 4096 else { return 0 }
        scratch.removeAll(keepingCapacity: true)
        if !epoch.isEmpty, !epoch.isSame(as: "0") {
            guard epoch.count <= 10, epoch.allSatisfy(\.isDigit) else {
                fail(.badValue("epoch", Self.excerpt(epoch)))
                return 0
            }
            scratch += epoch
            scratch.append(UInt8(ascii: ":"))
        }
        scratch += version
        if !release.isEmpty {
            scratch.append(UInt8(ascii: "-"))
            scratch += release
        }
        return scratch.withUnsafeBytes { pool.intern($0) }
    }
}
