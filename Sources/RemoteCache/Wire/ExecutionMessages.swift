// Messages of the services Execution and Operations.

/// `ExecuteRequest`
struct ExecuteRequest: ProtobufMessage {
    var instance = ""
    var action = DigestMessage()

    func write(to writer: inout ProtobufWriter) {
        writer.add(1, instance)
        writer.add(6, action)
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: instance = try field.string()
        case 6: action = try field.message()
        default: break
        }
    }
}

/// A request that names an operation and nothing else: `CancelOperationRequest`, and its empty answer.
struct OperationRequest: ProtobufMessage {
    var name = ""

    func write(to writer: inout ProtobufWriter) { writer.add(1, name) }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        if field.number == 1 { name = try field.string() }
    }
}

/// `google.protobuf.Any`
struct AnyMessage: ProtobufMessage {
    var type = ""
    var value: [UInt8] = []

    func write(to writer: inout ProtobufWriter) {
        writer.add(1, type)
        writer.add(2, value)
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: type = try field.string()
        case 2: value = Array(try field.bytes())
        default: break
        }
    }
}

/// `google.longrunning.Operation`: how far an execution is, or what came of it.
struct OperationMessage: ProtobufMessage {
    var name = ""
    /// An `ExecuteOperationMetadata`.
    var metadata: AnyMessage?
    var isDone = false
    var error: StatusMessage?
    /// An `ExecuteResponse`.
    var response: AnyMessage?

    func write(to writer: inout ProtobufWriter) {
        writer.add(1, name)
        if let metadata { writer.add(2, metadata) }
        writer.add(3, isDone)
        if let error { writer.add(4, error) }
        if let response { writer.add(5, response) }
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: name = try field.string()
        case 2: metadata = try field.message()
        case 3: isDone = try field.bool()
        case 4: error = try field.message()
        case 5: response = try field.message()
        default: break
        }
    }
}

/// `ExecuteOperationMetadata`: 2 is queued, 3 is executing (`ExecutionStage.Value`).
struct ExecutionStageMessage: ProtobufMessage {
    var stage: Int64 = 0

    func write(to writer: inout ProtobufWriter) { writer.add(1, stage) }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        if field.number == 1 { stage = try field.integer() }
    }
}

/// `ExecuteResponse`
struct ExecuteAnswer: ProtobufMessage {
    var result = ActionResultMessage()
    var status = StatusMessage()

    func write(to writer: inout ProtobufWriter) {
        writer.add(1, result)
        writer.add(3, status)
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: result = try field.message()
        case 3: status = try field.message()
        default: break
        }
    }
}
