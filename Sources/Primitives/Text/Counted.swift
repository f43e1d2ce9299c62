extension BinaryInteger {
    /// "1 package", "2 packages".
    package func counted(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}
