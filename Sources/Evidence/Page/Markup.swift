/// HTML in the making. What is written as a literal is markup; what is interpolated is text, and gets escaped, unless it is markup
/// itself.
struct Markup: ExpressibleByStringInterpolation, Hashable, Sendable {
    /// The bytes for the page.
    private(set) var html: String

    init(stringLiteral html: String) { self.html = html }
    init(stringInterpolation: StringInterpolation) { html = stringInterpolation.html }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var html = ""

        init(literalCapacity: Int, interpolationCount: Int) {
            html.reserveCapacity(literalCapacity + 16 * interpolationCount)
        }

        mutating func appendLiteral(_ literal: String) { html += literal }
        mutating func appendInterpolation(_ text: String) { html += Markup.escaped(text) }
        mutating func appendInterpolation(_ markup: Markup) { html += markup.html }
        mutating func appendInterpolation(_ number: Int) { html += String(number) }
        /// To a tenth, which is all that a picture needs.
        mutating func appendInterpolation(_ number: Double) {
            let tenths = Int((number * 10).rounded())
            html +=
                tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
        }
    }

    static func + (a: Markup, b: Markup) -> Markup {
        var sum = a
        sum.html += b.html
        return sum
    }

    static func += (a: inout Markup, b: Markup) { a.html += b.html }

    /// `text` as character data or between quotation marks. Control characters, which HTML does not allow, are shown as U+FFFD.
    private static func escaped(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\n", "\t": result.unicodeScalars.append(scalar)
            case _
            where scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
                || scalar.properties.isNoncharacterCodePoint:
                result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension Sequence<Markup> {
    /// One after the other, with `separator` between.
    func joined(_ separator: Markup = "") -> Markup {
        var sum: Markup = ""
        for (number, markup) in enumerated() { sum += number > 0 ? separator + markup : markup }
        return sum
    }
}
