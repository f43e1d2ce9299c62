import Primitives

/// A stanza of a small deb822(5) text, such as a Release file or the control file of a package, with its fields in order.
///
/// Indexes of an archive are read by ``PackageIndex`` instead, which copies nothing.
package struct Deb822Stanza: Hashable, Sendable {
    /// A field as it was written.
    package struct Field: Hashable, Sendable {
        /// In its own case: "Suite".
        package let name: String
        /// Without blanks at both ends; lines after the first keep their leading blank.
        package let value: String
    }

    /// In the order of the text, those that are there twice included.
    package let fields: [Field]

    /// The value of the field called `name`, in any case; the last one where it is given twice, as in apt.
    package subscript(name: String) -> String? {
        let wanted = name.lowercased()
        return fields.last { $0.name.lowercased() == wanted }?.value
    }

    /// Every stanza in `bytes`. Throws where a line is no field, and for NUL bytes.
    package static func all(in bytes: some Collection<UInt8>) throws(Deb822Error) -> [Deb822Stanza] {
        let region = ByteRegion(Array(bytes))
        defer { withExtendedLifetime(region) {} }
        let buffer = region.bytes
        if let offset = buffer.firstIndex(of: 0, from: 0, to: buffer.count) {
            throw Deb822Error(problem: .nulByte, line: Deb822Scanner.lineNumber(of: offset, in: buffer))
        }
        var stanzas: [Deb822Stanza] = []
        var fields: [Field] = []
        var scanner = Deb822Scanner()
        while true {
            switch try scanner.next(in: buffer) {
            case .field(let name, let value):
                fields.append(Field(name: region.text(name), value: region.text(value)))
            case .endOfStanza:
                stanzas.append(Deb822Stanza(fields: fields))
                fields = []
            case .end:
                return stanzas
            }
        }
    }
}
