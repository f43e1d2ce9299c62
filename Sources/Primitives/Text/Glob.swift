#if canImport(Glibc)
private import Glibc
#endif

/// Shell patterns of names: `*`, `?` and `[…]`, as glob(7) has them.
package enum Glob {
    /// Whether all of `text` is as `pattern` says. apt sees no difference between both cases of a letter, dnf does.
    package static func matches(_ pattern: String, _ text: String, ignoringCase: Bool = true) -> Bool {
        let flag: Int32 = 1 << 4  // FNM_CASEFOLD, a GNU extension
        return !text.isEmpty && fnmatch(pattern, text, ignoringCase ? flag : 0) == 0
    }

    /// Whether `text` has a `*`, `?` or `[` in it, escaped or not.
    package static func isPattern(_ text: some StringProtocol) -> Bool { text.contains { "*?[".contains($0) } }
}
