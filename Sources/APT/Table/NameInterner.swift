import Primitives

/// What a ``NameTable`` is while it grows.
struct NameInterner {
    private(set) var names: [NameTable.Name]
    private(set) var places: [UInt64]
    /// By source; whoever makes this keeps them alive.
    private let texts: [UnsafeRawBufferPointer]

    /// A table with room for about `capacity` names before it grows.
    init(texts: [UnsafeRawBufferPointer], capacity: Int) {
        var size = 1024
        while size < capacity * 2 { size *= 2 }
        places = Array(repeating: 0, count: size)
        names = []
        names.reserveCapacity(capacity)
        self.texts = texts
    }

    /// The names of `table`, to be added to; its sources are the first of `texts`.
    init(_ table: NameTable, texts: [UnsafeRawBufferPointer]) {
        names = Array(table.names)
        places = Array(table.places)
        self.texts = texts
    }

    /// The number of the name at `range` in the text of `source`, a new one where it was never met. The range is less than
    /// 65,536 bytes long.
    mutating func intern(_ range: Range<Int>, source: Int) -> Int32 {
        let name = texts[source].slice(range)
        let hash = NameHash.hash(name)
        let known = places.withUnsafeBufferPointer { places in
            NameHash.lookUp(hash, in: places) { number in
                let other = names[Int(number)]
                let start = Int(other.start)
                return texts[Int(other.source)].slice(start..<start + Int(other.length)).isSame(as: name)
            }
        }
        if known >= 0 { return Int32(known) }
        names.append(
            NameTable.Name(
                start: UInt32(range.lowerBound), length: UInt16(range.count), source: UInt16(source)))
        places[~known] = UInt64(hash) << 32 | UInt64(names.count)
        if names.count * 2 > places.count { places = NameHash.grown(places) }
        return Int32(names.count - 1)
    }
}
