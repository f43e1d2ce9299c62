/// Numbers and texts one after the other; native byte order, since nothing but this machine reads them.
struct StoredWriter {
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

/// Reads what ``StoredWriter`` wrote; whatever is not there is empty, and then nothing is whole.
struct StoredReader {
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
