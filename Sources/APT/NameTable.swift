/// Names, each once, with dense numbers from 0. It keeps pointers into regions that its owner keeps alive.
struct NameTable {
    private(set) var names: [UnsafeRawBufferPointer] = []
    /// The number of a name plus one, and its hash in the upper half; 0 where the place is free. The size is a power of two.
    private var places: [UInt64]

    /// A table with room for about `capacity` names before it grows.
    init(capacity: Int) {
        var size = 1024
        while size < capacity * 2 { size *= 2 }
        places = Array(repeating: 0, count: size)
        names.reserveCapacity(capacity)
    }

    var count: Int { names.count }

    func text(_ name: Int32) -> String { String(decoding: names[Int(name)], as: UTF8.self) }

    /// The number of `name`, or nil where it was never met.
    func find(_ name: UnsafeRawBufferPointer) -> Int32? {
        let number = numberOrPlace(name, NameTable.hash(name))
        return number >= 0 ? Int32(number) : nil
    }

    func find(_ name: String) -> Int32? {
        var copy = name
        return copy.withUTF8 { find(UnsafeRawBufferPointer($0)) }
    }

    /// The number of `name`, a new one where it was never met.
    mutating func intern(_ name: UnsafeRawBufferPointer) -> Int32 {
        let hash = NameTable.hash(name)
        let known = numberOrPlace(name, hash)
        if known >= 0 { return Int32(known) }
        names.append(name)
        places[~known] = UInt64(hash) << 32 | UInt64(names.count)
        if names.count * 2 > places.count { grow() }
        return Int32(names.count - 1)
    }

    /// The number of a name, or the complement of the free place for it.
    @inline(__always)
    private func numberOrPlace(_ name: UnsafeRawBufferPointer, _ hash: UInt32) -> Int {
        var place = Int(hash) & (places.count - 1)
        while places[place] != 0 {
            if UInt32(truncatingIfNeeded: places[place] >> 32) == hash {
                let number = Int(places[place] & 0xFFFF_FFFF) - 1
                if names[number].isSame(as: name) { return number }
            }
            place = (place + 1) & (places.count - 1)
        }
        return ~place
    }

    private mutating func grow() {
        let old = places
        places = Array(repeating: 0, count: old.count * 2)
        for entry in old where entry != 0 {
            var place = Int(entry >> 32) & (places.count - 1)
            while places[place] != 0 { place = (place + 1) & (places.count - 1) }
            places[place] = entry
        }
    }

    /// Eight bytes at a time, multiplied and folded.
    private static func hash(_ name: UnsafeRawBufferPointer) -> UInt32 {
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
