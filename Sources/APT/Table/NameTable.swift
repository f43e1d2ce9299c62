import Primitives

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
        let number = NameHash.lookUp(NameHash.hash(name), in: places) { bytes($0).isSame(as: name) }
        return number >= 0 ? Int32(number) : nil
    }

    func find(_ name: String) -> Int32? {
        var copy = name
        return copy.withUTF8 { find(UnsafeRawBufferPointer($0)) }
    }
}
