/// A message in the wire format of Protocol Buffers, as it is written (protobuf.dev, "Encoding").
///
/// Fields come in the order in which they are added, those with their default value are left out, and so a message has one form:
/// that of a Directory is hashed.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// A number of the types int32, int64, bool or enum; 0 is left out.
    mutating func add(_ field: Int, _ value: Int64) {
        guard value != 0 else { return }
        varint(UInt64(field) << 3)
        varint(UInt64(bitPattern: value))
    }

    mutating func add(_ field: Int, _ value: Bool) { add(field, value ? 1 : 0) }

    /// Text or bytes; nothing is left out.
    mutating func add(_ field: Int, _ value: some Collection<UInt8>) {
        if !value.isEmpty { addAlways(field, value) }
    }

    mutating func add(_ field: Int, _ value: String) { add(field, value.utf8) }

    /// A member of a repeated field, which is there even when it is empty.
    mutating func addAlways(_ field: Int, _ value: some Collection<UInt8>) {
        addHead(field, count: value.count)
        bytes += value
    }

    /// The beginning of a field of `count` bytes that somebody else puts after it.
    mutating func addHead(_ field: Int, count: Int) {
        varint(UInt64(field) << 3 | 2)
        varint(UInt64(count))
    }

    /// A message in a message, also an empty one.
    mutating func add(_ field: Int, _ message: some ProtobufMessage) { addAlways(field, message.encoded) }

    mutating func add(_ field: Int, _ messages: [some ProtobufMessage]) {
        for message in messages { add(field, message) }
    }
}

/// Something that is written and read as a message of Protocol Buffers.
///
/// Only fields that are used here are known; others are skipped while reading.
protocol ProtobufMessage: Equatable, Sendable {
    init()
    /// Adds all fields in the order of their numbers.
    func write(to writer: inout ProtobufWriter)
    /// Takes one field; others than the known ones are none of its business.
    mutating func read(_ field: ProtobufField) throws(ProtobufError)
}

extension ProtobufMessage {
    var encoded: [UInt8] {
        var writer = ProtobufWriter()
        write(to: &writer)
        return writer.bytes
    }

    /// The message that `bytes` are. Throws where they are none.
    init(encoded bytes: some Collection<UInt8>) throws(ProtobufError) {
        self.init()
        var reader = ProtobufReader(ArraySlice(bytes))
        while let field = try reader.next() { try read(field) }
    }
}

/// Bytes that are no message of Protocol Buffers.
struct ProtobufError: Error, Equatable {}

/// One field of a message as it stands in the bytes.
struct ProtobufField {
    enum Value {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    let number: Int
    let value: Value

    /// The value of an int64, int32 or enum.
    func integer() throws(ProtobufError) -> Int64 {
        guard case .number(let value) = value else { throw ProtobufError() }
        return Int64(bitPattern: value)
    }

    func bool() throws(ProtobufError) -> Bool { try integer() != 0 }

    func bytes() throws(ProtobufError) -> ArraySlice<UInt8> {
        guard case .bytes(let value) = value else { throw ProtobufError() }
        return value
    }

    func string() throws(ProtobufError) -> String { String(decoding: try bytes(), as: UTF8.self) }

    func message<T: ProtobufMessage>(_: T.Type = T.self) throws(ProtobufError) -> T { try T(encoded: try bytes()) }

    /// The members of a repeated field of numbers: one, or all of them packed.
    func integers() throws(ProtobufError) -> [Int64] {
        switch value {
        case .number(let value): return [Int64(bitPattern: value)]
        case .bytes(let bytes):
            var reader = ProtobufReader(bytes)
            var numbers: [Int64] = []
            while !reader.isAtEnd { numbers.append(Int64(bitPattern: try reader.varint())) }
            return numbers
        }
    }
}

/// Reads the fields of a message one after the other.
struct ProtobufReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func varint() throws(ProtobufError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 7) {
            guard let byte = rest.popFirst() else { throw ProtobufError() }
            value |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte < 0x80 { return value }
        }
        throw ProtobufError()
    }

    private mutating func take(_ count: UInt64) throws(ProtobufError) -> ArraySlice<UInt8> {
        guard count <= UInt64(rest.count) else { throw ProtobufError() }
        let taken = rest.prefix(Int(count))
        rest = rest.dropFirst(Int(count))
        return taken
    }

    /// The next field; nil at the end.
    mutating func next() throws(ProtobufError) -> ProtobufField? {
        while !rest.isEmpty {
            let tag = try varint()
            guard tag >> 3 > 0, tag >> 3 < 1 << 29 else { throw ProtobufError() }
            let number = Int(tag >> 3)
            switch tag & 7 {
            case 0: return ProtobufField(number: number, value: .number(try varint()))
            case 1: _ = try take(8)  // fixed64, of which no known field is
            case 2: return ProtobufField(number: number, value: .bytes(try take(try varint())))
            case 5: _ = try take(4)  // fixed32, the same
            default: throw ProtobufError()
            }
        }
        return nil
    }
}
