/// Words and tables as Markdown has them, in the dialect that code hosts show.
enum Markdown {
    static func table(_ header: [String], _ rows: [String]) -> [String] {
        [row(header), row(header.map { _ in "---" })] + rows
    }

    static func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }

    /// A backtick would end it, and a bar the cell of a table.
    static func code(_ text: String) -> String {
        "`\(text.map { $0 == "`" ? "'" : $0 == "|" ? "\\|" : String($0) }.joined())`"
    }

    /// A tilde in a version would strike text out on some sites, and an underscore or star begin emphasis.
    static func escaped(_ text: String) -> String {
        text.map { "\\`*_~|<>[]".contains($0) ? "\\\($0)" : String($0) }.joined()
    }
}
