/// The hash of names in the open tables of packages. It is part of the format of stored tables.
package enum NameHash {
    /// Eight bytes at a time, multiplied and folded.
    @inlinable
    package static func hash(_ name: UnsafeRawBufferPointer) -> UInt32 {
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

    /// Looks in `places`, whose elements are the number of a name plus one with its hash in the upper half, or 0 where the
    /// place is free; their count is a power of two, and some are free. Returns the number of the name with this hash that is
    /// `same`, or the complement of the free place for it.
    @inlinable
    package static func lookUp(
        _ hash: UInt32, in places: UnsafeBufferPointer<UInt64>, _ same: (Int32) -> Bool
    ) -> Int {
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

    /// Twice as many places, with the same names in them.
    package static func grown(_ places: [UInt64]) -> [UInt64] {
        var result = [UInt64](repeating: 0, count: places.count * 2)
        for entry in places where entry != 0 {
            var place = Int(entry >> 32) & (result.count - 1)
            while result[place] != 0 { place = (place + 1) & (result.count - 1) }
            result[place] = entry
        }
        return result
    }
}
