// Requests and answers of the services Capabilities, ContentAddressableStorage and ActionCache.

/// A request that names the instance and nothing else, `GetCapabilitiesRequest`.
struct InstanceRequest: ProtobufMessage {
    var instance = ""

    func write(to writer: inout ProtobufWriter) { writer.add(1, instance) }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        if field.number == 1 { instance = try field.string() }
    }
}

/// `ServerCapabilities`, with `CacheCapabilities` and `ExecutionCapabilities` as far as they matter here.
struct CapabilitiesMessage: ProtobufMessage {
    /// By the numbers of `DigestFunction.Value`: 1 is SHA-256.
    var digestFunctions: [Int64] = []
    var mayUpdateResults = false
    /// 0 where the server sets no limit of its own.
    var mostBatchBytes: Int64 = 0
    /// By the numbers of `Compressor.Value`: 1 is zstd.
    var compressors: [Int64] = []
    /// 0 where the server sets no limit.
    var mostBlobBytes: Int64 = 0
    var executes = false

    func write(to writer: inout ProtobufWriter) {
        var cache = ProtobufWriter()
        for function in digestFunctions { cache.add(1, function) }
        var update = ProtobufWriter()
        update.add(1, mayUpdateResults)
        cache.addAlways(2, update.bytes)
        cache.add(4, mostBatchBytes)
        for compressor in compressors { cache.add(6, compressor) }
        cache.add(8, mostBlobBytes)
        writer.addAlways(1, cache.bytes)
        var execution = ProtobufWriter()
        execution.add(2, executes)
        writer.add(2, execution.bytes)
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        guard field.number == 1 || field.number == 2 else { return }
        var inner = ProtobufReader(try field.bytes())
        while let part = try inner.next() {
            switch (field.number, part.number) {
            case (1, 1): digestFunctions += try part.integers()
            case (1, 2):
                var update = ProtobufReader(try part.bytes())
                while let flag = try update.next() {
                    if flag.number == 1 { mayUpdateResults = try flag.bool() }
                }
            case (1, 4): mostBatchBytes = try part.integer()
            case (1, 6): compressors += try part.integers()
            case (1, 8): mostBlobBytes = try part.integer()
            case (2, 2): executes = try part.bool()
            default: break
            }
        }
    }
}

/// `FindMissingBlobsRequest` and `BatchReadBlobsRequest`; and `FindMissingBlobsResponse`, which names no instance.
struct BlobListMessage: ProtobufMessage {
    var instance = ""
    var digests: [DigestMessage] = []

    func write(to writer: inout ProtobufWriter) {
        writer.add(1, instance)
        writer.add(2, digests)
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: instance = try field.string()
        case 2: digests.append(try field.message())
        default: break
        }
    }
}

/// `google.rpc.Status`
struct StatusMessage: ProtobufMessage {
    var code: Int64 = 0
    var message = ""

    func write(to writer: inout ProtobufWriter) {
        writer.add(1, code)
        writer.add(2, message)
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: code = try field.integer()
        case 2: message = try field.string()
        default: break
        }
    }
}

/// `BatchUpdateBlobsRequest.Request`
struct BlobUploadMessage: ProtobufMessage {
    var digest = DigestMessage()
    var data: [UInt8] = []

    func write(to writer: inout ProtobufWriter) {
        writer.add(1, digest)
        writer.add(2, data)
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: digest = try field.message()
        case 2: data = Array(try field.bytes())
        default: break
        }
    }
}

/// `BatchUpdateBlobsRequest`
struct BatchUpdateRequest: ProtobufMessage {
    var instance = ""
    var blobs: [BlobUploadMessage] = []

    func write(to writer: inout ProtobufWriter) {
        writer.add(1, instance)
        writer.add(2, blobs)
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: instance = try field.string()
        case 2: blobs.append(try field.message())
        default: break
        }
    }
}

/// A member of `BatchReadBlobsResponse`
struct BatchAnswerMessage: ProtobufMessage {
    var digest = DigestMessage()
    var data: [UInt8] = []
    var status = StatusMessage()

    func write(to writer: inout ProtobufWriter) {
        writer.add(1, digest)
        writer.add(2, data)
        writer.add(3, status)
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: digest = try field.message()
        case 2: data = Array(try field.bytes())
        case 3: status = try field.message()
        default: break
        }
    }
}

/// `BatchReadBlobsResponse`
struct BatchReadAnswer: ProtobufMessage {
    var blobs: [BatchAnswerMessage] = []

    func write(to writer: inout ProtobufWriter) { writer.add(1, blobs) }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        if field.number == 1 { blobs.append(try field.message()) }
    }
}

/// `BatchUpdateBlobsResponse`: digest and status, by the numbers 1 and 2.
struct BatchUpdateAnswer: ProtobufMessage {
    struct Member: ProtobufMessage {
        var digest = DigestMessage()
        var status = StatusMessage()

        func write(to writer: inout ProtobufWriter) {
            writer.add(1, digest)
            writer.add(2, status)
        }

        mutating func read(_ field: ProtobufField) throws(ProtobufError) {
            switch field.number {
            case 1: digest = try field.message()
            case 2: status = try field.message()
            default: break
            }
        }
    }

    var members: [Member] = []

    func write(to writer: inout ProtobufWriter) { writer.add(1, members) }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        if field.number == 1 { members.append(try field.message()) }
    }
}

/// `GetActionResultRequest`
struct GetResultRequest: ProtobufMessage {
    var instance = ""
    var action = DigestMessage()
    /// Paths of outputs whose contents are wanted with the answer.
    var inlineFiles: [String] = []

    func write(to writer: inout ProtobufWriter) {
        writer.add(1, instance)
        writer.add(2, action)
        for path in inlineFiles { writer.addAlways(5, path.utf8) }
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: instance = try field.string()
        case 2: action = try field.message()
        case 5: inlineFiles.append(try field.string())
        default: break
        }
    }
}

/// `UpdateActionResultRequest`
struct UpdateResultRequest: ProtobufMessage {
    var instance = ""
    var action = DigestMessage()
    var result = ActionResultMessage()

    func write(to writer: inout ProtobufWriter) {
        writer.add(1, instance)
        writer.add(2, action)
        writer.add(3, result)
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: instance = try field.string()
        case 2: action = try field.message()
        case 3: result = try field.message()
        default: break
        }
    }
}
