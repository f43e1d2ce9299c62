/// How text is marked up for the one who reads it: with colours on a terminal that wants them, plainly otherwise.
struct Style: Hashable, Sendable {
    let hasColours: Bool

    private func wrap(_ code: String, _ text: String) -> String {
        hasColours ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    func bold(_ text: String) -> String { wrap("1", text) }
    func faint(_ text: String) -> String { wrap("2", text) }
    func good(_ text: String) -> String { wrap("32", text) }
    func warning(_ text: String) -> String { wrap("33", text) }
    func bad(_ text: String) -> String { wrap("31", text) }
}
