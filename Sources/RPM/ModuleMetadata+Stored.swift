package import Primitives

/// Modules in a form that is read back without YAML: a hundredth of the time.
extension ModuleMetadata {
    private static let magic: UInt32 = 0x4D4F_4401

    /// All but the documents' texts, to be stored beside a table.
    package var storedBytes: [UInt8] {
        var writer = StoredWriter()
        writer.put(Self.magic)
        writer.put(builds) { writer, build in
            writer.put(build.name)
            writer.put(build.stream)
            writer.put(UInt32(truncatingIfNeeded: build.version))
            writer.put(UInt32(truncatingIfNeeded: build.version >> 32))
            writer.put(build.context)
            writer.put(build.architecture)
            writer.put(build.artifacts) { $0.put($1) }
            writer.put(build.requirements) { $0.put($1) }
            writer.put(build.demodularized) { $0.put($1) }
            writer.put(build.profiles)
        }
        writer.put(defaults) { writer, one in
            writer.put(one.module)
            writer.put(one.stream.map { [$0] } ?? []) { $0.put($1) }
            writer.put(one.profiles)
        }
        return writer.bytes
    }

    /// What was stored as ``storedBytes``, with empty texts; nil where `region` is none.
    package init?(stored region: ByteRegion) {
        var reader = StoredReader(region.bytes)
        guard reader.number() == Self.magic else { return nil }
        let builds = reader.list { reader -> Build in
            let (name, stream) = (reader.text(), reader.text())
            let version = UInt64(reader.number()) | UInt64(reader.number()) << 32
            return Build(
                name: name, stream: stream, version: version, context: reader.text(), architecture: reader.text(),
                artifacts: reader.list { $0.text() }, requirements: reader.list { $0.lists() },
                demodularized: reader.list { $0.text() }, profiles: reader.lists(), text: "")
        }
        let defaults = reader.list { reader in
            Defaults(
                module: reader.text(), stream: reader.list { $0.text() }.first, profiles: reader.lists(), text: "")
        }
        guard reader.isWhole else { return nil }
        self.init()
        self.builds = builds
        self.defaults = defaults
    }
}

/// Numbers and texts one after the other; native byte order, since nothing but this machine reads them.
private struct StoredWriter {
    private(set) var bytes: [UInt8] = []

    mutating func put(_ number: UInt32) { withUnsafeBytes(of: number) { bytes += $0 } }

    mutating func put(_ text: String) {
        put(UInt32(text.utf8.count))
        bytes += text.utf8
    }

    mutating func put<Element>(_ list: [Element], _ body: (inout StoredWriter, Element) -> Void) {
        put(UInt32(list.count))
        for element in list { body(&self, element) }
    }

    mutating func put(_ lists: [String: [String]]) {
        put(lists.sorted { $0.key < $1.key }) { writer, entry in
            writer.put(entry.key)
            writer.put(entry.value) { $0.put($1) }
        }
    }
}

private struct StoredReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var isBroken = false

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Whether everything was there, and nothing more.
    var isWhole: Bool { !isBroken && position == bytes.count }

    mutating func number() -> UInt32 {
        guard bytes.count - position >= 4 else {
            isBroken = true
            return 0
        }
        defer { position += 4 }
        return bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self)
    }

    mutating func text() -> String {
        let count = Int(number())
        guard count <= bytes.count - position else {
            isBroken = true
            return ""
        }
        defer { position += count }
        return String(decoding: bytes.slice(position..<position + count), as: UTF8.self)
    }

    mutating func list<Element>(_ element: (inout StoredReader) -> Element) -> [Element] {
        let count = number()
        var result: [Element] = []
        for _ in 0..<count {
            guard !isBroken else { break }
            result.append(element(&self))
        }
        return result
    }

    mutating func lists() -> [String: [String]] {
        let entries = list { reader in (reader.text(), reader.list { $0.text() }) }
        return Dictionary(entries) { first, _ in first }
    }
}
