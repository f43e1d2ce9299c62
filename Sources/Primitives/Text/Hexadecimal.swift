extension UInt8 {
    /// Two hexadecimal digits, in lower case.
    package var hex: String { (self < 16 ? "0" : "") + String(self, radix: 16) }
}
