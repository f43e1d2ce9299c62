import Primitives

/// Texts, each once, with dense numbers from 0, which is the empty one.
struct StringPool {
    /// Where a text lies in the bytes of the pool.
    struct Entry: BitwiseCopyable {
        let start: UInt32
        let length: UInt32
    }

    private(set) var bytes: [UInt8] = []
    private(set) var entries: [Entry] = [Entry(start: 0, length: 0)]
    /// As ``NameHash`` has them; the empty text is not among them.
    private(set) var places: [UInt64]

    init(capacity: Int) {
        var size = 1024
        while size < capacity * 2 { size *= 2 }
        places = Array(repeating: 0, count: size)
        entries.reserveCapacity(capacity)
        bytes.reserveCapacity(capacity * 32)
    }

    /// Whether no more texts fit in: their places are 32 bits wide.
    var isFull: Bool { bytes.count > Int(Int32.max) }

    /// The number of `text`, a new one where it was never met.
    mutating func intern(_ text: UnsafeRawBufferPointer) -> Int32 {
        guard !text.isEmpty, !isFull else { return 0 }
        let hash = NameHash.hash(text)
        let known = lookUp(text, hash)
        if known >= 0 { return Int32(known) }
        let number = append(text)
        places[~known] = UInt64(hash) << 32 | UInt64(entries.count)
        if entries.count * 2 > places.count { places = NameHash.grown(places) }
        return number
    }

    /// The number of `text`; nil where it was never met.
    func find(_ text: UnsafeRawBufferPointer) -> Int32? {
        guard !text.isEmpty else { return nil }
        let known = lookUp(text, NameHash.hash(text))
        return known >= 0 ? Int32(known) : nil
    }

    @inline(__always)
    private func lookUp(_ text: UnsafeRawBufferPointer, _ hash: UInt32) -> Int {
        places.withUnsafeBufferPointer { places in
            bytes.withUnsafeBytes { bytes in
                NameHash.lookUp(hash, in: places) { number in
                    let entry = entries[Int(number)]
                    return Int(entry.length) == text.count
                        && bytes.slice(Int(entry.start)..<Int(entry.start) + text.count).isSame(as: text)
                }
            }
        }
    }

    mutating func intern(_ text: String) -> Int32 {
        var text = text
        return text.withUTF8 { intern(UnsafeRawBufferPointer($0)) }
    }

    /// A number for `text` that nothing else has and nobody looks up.
    mutating func append(_ text: UnsafeRawBufferPointer) -> Int32 {
        guard !text.isEmpty, !isFull else { return 0 }
        entries.append(Entry(start: UInt32(bytes.count), length: UInt32(text.count)))
        bytes += text
        return Int32(entries.count - 1)
    }

    func withBytes<Result>(of number: Int32, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let entry = entries[Int(number)]
        return bytes.withUnsafeBytes { body($0.slice(Int(entry.start)..<Int(entry.start) + Int(entry.length))) }
    }

    func text(_ number: Int32) -> String { withBytes(of: number) { String(decoding: $0, as: UTF8.self) } }
}
