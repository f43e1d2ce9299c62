import Packages
import Primitives

/// How values are written for programs: keys in snake_case, sizes in bytes, times in seconds, dates as ISO 8601; what is not known
/// or does not apply is left out.
extension JSON {
    /// An object of those of `fields` that have a value.
    static func fields(_ fields: KeyValuePairs<String, JSON?>) -> JSON {
        .object(fields.compactMap { name, value in value.map { (name, $0) } })
    }

    static func list<Values: Sequence>(_ values: Values, _ json: (Values.Element) -> JSON) -> JSON {
        .array(values.map(json))
    }

    static func strings(_ texts: [String]) -> JSON { list(texts, JSON.string) }

    static func count(_ number: Int) -> JSON { .number(Double(number)) }

    /// In bytes.
    static func size(_ size: ByteCount) -> JSON { .number(Double(size.bytes)) }

    /// In seconds.
    static func time(_ time: Duration) -> JSON { .number(time / .seconds(1)) }

    /// "2026-11-20T14:12:33Z"
    static func date(_ date: LockDate) -> JSON { .string("\(date)") }
}
