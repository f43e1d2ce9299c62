#if canImport(Glibc)
private import Glibc
#endif

/// Patterns as apt_preferences(5) has them: shell globs, in which both cases of a letter are the same.
enum Glob {
    static func matches(_ pattern: String, _ text: String) -> Bool {
        let ignoringCase: Int32 = 1 << 4  // FNM_CASEFOLD, a GNU extension
        return !text.isEmpty && fnmatch(pattern, text, ignoringCase) == 0
    }

    static func isPattern(_ text: some StringProtocol) -> Bool { text.contains { "*?[".contains($0) } }
}
