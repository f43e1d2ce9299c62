/// Names, each once, with dense numbers from 0: a view of a ``PackageTableImage`` and of the texts that hold the names.
struct NameTable {
    /// Where a name stands in the text of a source.
    struct Name {
        let start: UInt32
        let length: UInt16
        let source: UInt16
    }

    let names: UnsafeBufferPointer<Name>
    /// The number of a name plus one, and its hash in the upper half; 0 where the place is free. The size is a power of two,
    /// and some places are free.
    let places: UnsafeBufferPointer<UInt64>
    /// By source.
    let texts: [UnsafeRawBufferPointer]

    var count: Int { names.count }

    @inline(__always)
    func bytes(_ name: Int32) -> UnsafeRawBufferPointer {
        let place = names[Int(name)]
        return texts[Int(place.source)].slice(Int(place.start)..<Int(place.start) + Int(place.length))
    }

    func text(_ name: Int32) -> String { String(decoding: bytes(name), as: UTF8.self) }

    /// The number of `name`, or nil where it was never met.
    func find(_ name: UnsafeRawBufferPointer) -> Int32? {
        let number = NameTable.lookUp(NameTable.hash(name), in: places) { bytes($0).isSame(as: name) }
        return number >= 0 ? Int32(number) : nil
    }

    func find(_ name: String) -> Int32? {
        var copy = name
        return copy.withUTF8 { find(UnsafeRawBufferPointer($0)) }
    }

    /// The number of a name with this hash that is `same`, or the complement of the free place for it.
    @inline(__always)
    static func lookUp(_ hash: UInt32, in places: UnsafeBufferPointer<UInt64>, _ same: (Int32) -> Bool) -> Int {
        var place = Int(hash) & (places.count - 1)
        while places[place] != 0 {
            if UInt32(truncatingIfNeeded: places[place] >> 32) == hash {
                let number = Int32(truncatingIfNeeded: places[place] & 0xFFFF_FFFF) - 1
                if same(number) { return Int(number) }
            }
            place = (place + 1) & (places.count - 1)
        }
        return ~place
    }

    /// Eight bytes at a time, multiplied and folded. It is part of the format of stored tables.
    static func hash(_ name: UnsafeRawBufferPointer) -> UInt32 {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(name.count)
        var index = 0
        func mix(_ word: UInt64) {
            let product = (state ^ word).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
            state = product.high ^ product.low
        }
        while index + 8 <= name.count {
            mix(name.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            index += 8
        }
        var tail: UInt64 = 0
        while index < name.count {
            tail = tail << 8 | UInt64(name[index])
            index += 1
        }
        mix(tail)
        return UInt32(truncatingIfNeeded: state ^ state >> 32)
    }
}
