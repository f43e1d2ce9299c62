// Messages of google/bytestream/bytestream.proto, by which blobs go that are too large for a batch.

/// `ReadRequest`
struct ReadRequest: ProtobufMessage {
    var resource = ""
    var offset: Int64 = 0

    func write(to writer: inout ProtobufWriter) {
        writer.add(1, resource)
        writer.add(2, offset)
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: resource = try field.string()
        case 2: offset = try field.integer()
        default: break
        }
    }
}

/// `WriteRequest`: a piece; only the first one has to name the resource.
struct WriteRequest: ProtobufMessage {
    var resource = ""
    var offset: Int64 = 0
    var isLast = false
    var data: [UInt8] = []

    init() {}

    init(resource: String, offset: Int64, isLast: Bool) {
        (self.resource, self.offset, self.isLast) = (resource, offset, isLast)
    }

    /// How many bytes it is with `count` bytes of data.
    func length(withData count: Int) -> Int {
        var writer = ProtobufWriter()
        write(to: &writer)
        if count > 0 { writer.addHead(10, count: count) }
        return writer.bytes.count + count
    }

    func write(to writer: inout ProtobufWriter) {
        writer.add(1, resource)
        writer.add(2, offset)
        writer.add(3, isLast)
        writer.add(10, data)
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: resource = try field.string()
        case 2: offset = try field.integer()
        case 3: isLast = try field.bool()
        case 10: data = Array(try field.bytes())
        default: break
        }
    }
}

/// `WriteResponse`
struct WriteAnswer: ProtobufMessage {
    var committed: Int64 = 0

    func write(to writer: inout ProtobufWriter) { writer.add(1, committed) }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        if field.number == 1 { committed = try field.integer() }
    }
}
