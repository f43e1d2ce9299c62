/// Cuts a stream of bytes into lines, as a person at a terminal would see them.
///
/// A line that was overwritten after a carriage return is what it was last; a line longer than 64 KiB comes in pieces.
struct LineSplitter {
    private var partial: [UInt8] = []
    private static let longest = 65_536

    /// Gives `bytes`, and gets the lines that are complete now.
    mutating func append(_ bytes: UnsafeRawBufferPointer, onLine: (String) -> Void) {
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            partial += rest[..<end]
            rest = rest[(end + 1)...]
            onLine(Self.text(partial))
            partial.removeAll(keepingCapacity: true)
        }
        partial += rest
        while partial.count > Self.longest {
            onLine(Self.text(Array(partial[..<Self.longest])))
            partial.removeFirst(Self.longest)
        }
    }

    /// The last line, where it did not end in a line feed.
    mutating func finish(onLine: (String) -> Void) {
        if !partial.isEmpty { onLine(Self.text(partial)) }
        partial = []
    }

    private static func text(_ line: [UInt8]) -> String {
        var visible = line[...]
        while visible.last == 0x0D { visible.removeLast() }
        if let start = visible.lastIndex(of: 0x0D) { visible = visible[(start + 1)...] }
        return String(decoding: visible, as: UTF8.self)
    }
}
