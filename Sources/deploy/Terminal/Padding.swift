extension String {
    /// The text with spaces after it, `width` characters at least.
    func padded(_ width: Int) -> String { count >= width ? self : self + String(repeating: " ", count: width - count) }
}
