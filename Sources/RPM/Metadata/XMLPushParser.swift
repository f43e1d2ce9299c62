private import CXML
import Primitives

#if canImport(Glibc)
private import Glibc
#endif

/// libxml2 reading XML in pieces, by its SAX2 interface. Nothing is fetched, no entity is expanded, no tree is built.
final class XMLPushParser {
    private let context: xmlParserCtxtPtr
    private let state: State
    private let source: String
    private let sizeLimit: Int
    private var size = 0

    /// Files that people make are less deep than ten.
    fileprivate static let depthLimit = 64

    /// What the C callbacks see.
    fileprivate final class State {
        let handler: XMLHandler
        var context: xmlParserCtxtPtr?
        var depth = 0
        var syntaxError: String?
        var errorLine: Int?

        init(_ handler: XMLHandler) { self.handler = handler }

        func stop(_ problem: MetadataError.Problem) {
            handler.fail(problem)
            if let context { xmlStopParser(context) }
        }
    }

    /// A parser that tells `handler` of each element. `source` is what errors call the file, `sizeLimit` how many bytes it may
    /// have.
    init(_ handler: XMLHandler, source: String, sizeLimit: Int) throws(MetadataError) {
        state = State(handler)
        self.source = source
        self.sizeLimit = sizeLimit
        var callbacks = xmlSAXHandler()
        callbacks.initialized = UInt32(XML_SAX2_MAGIC)
        callbacks.startElementNs = { user, name, _, _, _, _, count, _, attributes in
            guard let user, let name else { return }
            Unmanaged<State>.fromOpaque(user).takeUnretainedValue().start(name, attributes, Int(count))
        }
        callbacks.endElementNs = { user, name, _, _ in
            guard let user, let name else { return }
            Unmanaged<State>.fromOpaque(user).takeUnretainedValue().end(name)
        }
        callbacks.characters = { user, bytes, count in
            guard let user, let bytes else { return }
            let state = Unmanaged<State>.fromOpaque(user).takeUnretainedValue()
            guard state.handler.collectsText else { return }
            state.handler.append(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
        }
        callbacks.cdataBlock = callbacks.characters
        // Either would be the first half of a bomb.
        callbacks.entityDecl = { user, _, _, _, _, _ in
            guard let user else { return }
            Unmanaged<State>.fromOpaque(user).takeUnretainedValue().stop(.entities)
        }
        callbacks.reference = { user, _ in
            guard let user else { return }
            Unmanaged<State>.fromOpaque(user).takeUnretainedValue().stop(.entities)
        }
        callbacks.serror = { user, error in
            guard let user, let error else { return }
            let state = Unmanaged<State>.fromOpaque(user).takeUnretainedValue()
            guard state.syntaxError == nil else { return }
            state.syntaxError = error.pointee.message.map {
                String(cString: $0).split(separator: "\n").joined(separator: " ")
            }
            state.errorLine = Int(error.pointee.line)
        }
        let user = Unmanaged.passUnretained(state).toOpaque()
        guard let context = xmlCreatePushParserCtxt(&callbacks, user, nil, 0, nil) else {
            throw MetadataError(source: source, problem: .syntax("out of memory"))
        }
        self.context = context
        xmlCtxtUseOptions(context, Int32(XML_PARSE_NONET.rawValue))
        state.context = context
    }

    deinit {
        if let document = context.pointee.myDoc { xmlFreeDoc(document) }
        xmlFreeParserCtxt(context)
    }

    /// Reads the next bytes.
    func feed(_ bytes: UnsafeRawBufferPointer) throws(MetadataError) {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
        size += bytes.count
        guard size <= sizeLimit else {
            throw MetadataError(source: source, problem: .tooLarge(limit: sizeLimit))
        }
        let result = xmlParseChunk(context, base.assumingMemoryBound(to: CChar.self), Int32(bytes.count), 0)
        try check(result, isEnd: false)
    }

    /// Says that there are no more bytes.
    func finish() throws(MetadataError) {
        let isCutOff = state.depth > 0 || size == 0
        try check(xmlParseChunk(context, nil, 0, 1), isEnd: isCutOff)
        state.handler.finish()
        try check(0, isEnd: false)
    }

    private func check(_ result: Int32, isEnd: Bool) throws(MetadataError) {
        if let problem = state.handler.problem {
            let line = problem == .truncated ? nil : Int(context.pointee.input?.pointee.line ?? 0)
            throw MetadataError(
                source: source, line: line, package: state.handler.packageName, problem: problem)
        }
        guard result != 0 || context.pointee.errNo != 0 else { return }
        if isEnd { throw MetadataError(source: source, problem: .truncated) }
        if context.pointee.errNo == XML_WAR_UNDECLARED_ENTITY.rawValue
            || context.pointee.errNo == XML_ERR_UNDECLARED_ENTITY.rawValue
        {
            throw MetadataError(source: source, line: state.errorLine, problem: .entities)
        }
        throw MetadataError(
            source: source, line: state.errorLine,
            problem: .syntax(state.syntaxError ?? "libxml2's error \(context.pointee.errNo)"))
    }
}

extension XMLPushParser.State {
    @inline(__always)
    fileprivate func start(
        _ name: UnsafePointer<UInt8>, _ attributes: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, _ count: Int
    ) {
        guard handler.problem == nil else { return }
        if depth >= XMLPushParser.depthLimit { return stop(.tooDeep) }
        if depth == 0, let encoding = context?.pointee.encoding {
            let name = String(cString: encoding)
            guard ["utf-8", "utf8", "us-ascii", "ascii"].contains(name.lowercased()) else {
                return stop(.encoding(name))
            }
        }
        handler.start(
            UnsafeRawBufferPointer(terminated: name), XMLAttributes(base: attributes, count: count), depth: depth)
        depth += 1
        if handler.problem != nil, let context { xmlStopParser(context) }
    }

    @inline(__always)
    fileprivate func end(_ name: UnsafePointer<UInt8>) {
        guard handler.problem == nil else { return }
        depth -= 1
        if depth == 1, let input = context?.pointee.input {
            handler.position = Int(input.pointee.consumed) + (input.pointee.cur - input.pointee.base)
        }
        handler.end(UnsafeRawBufferPointer(terminated: name), depth: depth)
        if handler.problem != nil, let context { xmlStopParser(context) }
    }
}

extension UnsafeRawBufferPointer {
    /// The bytes up to the NUL that ends them.
    @inline(__always)
    init(terminated text: UnsafePointer<UInt8>) {
        self.init(start: text, count: strlen(UnsafeRawPointer(text).assumingMemoryBound(to: CChar.self)))
    }
}
