/// The name of a step, `stage/what` ("debian/fetch"): what people type, and what its log is called after.
package struct StepName: Hashable, Sendable, Comparable, CustomStringConvertible, ExpressibleByStringLiteral {
    /// "debian/fetch", as it was given.
    package let text: String

    package init(_ text: String) { self.text = text }
    package init(stringLiteral text: String) { self.text = text }

    /// The name with its slash replaced, as a file name.
    package var fileName: String { String(text.map { $0 == "/" ? "-" : $0 }) }
    package var description: String { text }

    package static func < (a: StepName, b: StepName) -> Bool { a.text < b.text }
}
