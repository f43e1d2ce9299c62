import Solver

#if canImport(Glibc)
private import Glibc
#endif

/// A name with `*`, `?` and `[…]`, as glob(7) has it, or a plain one.
struct Glob {
    private let text: String

    init(_ text: String) { self.text = text }

    private var isPattern: Bool { text.utf8.contains { "*?[".utf8.contains($0) } }

    /// The packages of `table` that are called so.
    func packages(in table: RPMTable) -> [Int32] {
        guard isPattern else { return table.packages(named: text).map(\.index) }
        var matches: [Int32: Bool] = [:]
        return (0..<Int32(table.packageCount)).filter { package in
            let name = table.record(package).name
            if let known = matches[name] { return known }
            let isMatch = fnmatch(text, table.string(name), 0) == 0
            matches[name] = isMatch
            return isMatch
        }
    }
}
