/// What is done with the elements of a file while it is read. Names are without prefixes; depth counts from 0 for the root.
///
/// A class to inherit from, since the calls come from C, a million times for one file.
class XMLHandler {
    /// What is wrong with the file, where something is: reading then stops.
    var problem: MetadataError.Problem?
    /// The package that is being read, for errors.
    var packageName: String? { nil }
    /// Whether character data go into `text`.
    var collectsText = false
    /// The character data since `collectsText` was set.
    var text: [UInt8] = []
    /// How far the parser is in the bytes it was given.
    var position = 0

    /// Longer values than this are none.
    private static let textLimit = 4 << 20

    func start(_ name: UnsafeRawBufferPointer, _ attributes: XMLAttributes, depth: Int) {}
    func end(_ name: UnsafeRawBufferPointer, depth: Int) {}
    /// The file ended; what is missing may be said now.
    func finish() {}

    final func collect() {
        text.removeAll(keepingCapacity: true)
        collectsText = true
    }

    @inline(__always)
    final func append(_ bytes: UnsafeRawBufferPointer) {
        text += bytes
        if text.count > Self.textLimit { fail(.tooMany("bytes in one value")) }
    }

    /// Notes the first problem.
    final func fail(_ found: MetadataError.Problem) {
        if problem == nil { problem = found }
    }

    static func excerpt(_ bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: UnsafeRawBufferPointer(rebasing: bytes.prefix(80)), as: UTF8.self)
    }
}

/// The attributes of an element, as libxml2 hands them over: five pointers each. Valid during the call.
struct XMLAttributes {
    let base: UnsafeMutablePointer<UnsafePointer<UInt8>?>?
    let count: Int

    /// Calls `body` with the name, without prefix, and the value of each.
    @inline(__always)
    func forEach(_ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void) {
        guard let base else { return }
        for number in 0..<count {
            guard let name = base[number * 5], let value = base[number * 5 + 3], let end = base[number * 5 + 4] else {
                continue
            }
            body(UnsafeRawBufferPointer(terminated: name), UnsafeRawBufferPointer(start: value, count: end - value))
        }
    }

    func value(_ wanted: StaticString) -> UnsafeRawBufferPointer? {
        var found: UnsafeRawBufferPointer?
        forEach { if $0.isSame(as: wanted) { found = $1 } }
        return found
    }
}
