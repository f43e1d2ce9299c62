/// Columns of text.
enum Table {
    /// Every row as a line, each column as wide as its widest cell; columns in `alignedRight` end where the others begin.
    /// Escape sequences in a cell take no room.
    static func lines(_ rows: [[String]], alignedRight: Set<Int> = []) -> [String] {
        var widths: [Int] = []
        let cells = rows.map { row in row.map { (text: $0, width: Self.width($0)) } }
        for row in cells {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.width)
            }
        }
        return cells.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let space = String(repeating: " ", count: widths[column] - cell.width)
                if column > 0 { line += "  " }
                line += alignedRight.contains(column) ? space + cell.text : cell.text + space
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    private static func width(_ cell: String) -> Int {
        var width = 0
        var isInEscape = false
        for character in cell {
            if character == "\u{1B}" {
                isInEscape = true
            } else if isInEscape {
                isInEscape = character != "m"
            } else {
                width += 1
            }
        }
        return width
    }
}
