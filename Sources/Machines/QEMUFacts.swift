/// What `qemu.txt` says of every machine, to this module and to Tests/boot alike.
enum QEMUFacts {
    private static let lines: [[String]] = String(decoding: PackageResources.qemu_txt, as: UTF8.self)
        .split(separator: "\n").map { $0.split(separator: " ").map(String.init) }

    /// What each line that begins with `word` has after it, in their order. There is one at least.
    static func all(_ word: String) -> [[String]] {
        let found = lines.filter { $0.first == word }.map { Array($0.dropFirst()) }
        precondition(!found.isEmpty, "qemu.txt has no line \(word)")
        return found
    }

    /// What the line that begins with `word` has after it.
    static func words(_ word: String) -> [String] { all(word)[0] }
}
