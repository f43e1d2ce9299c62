import Primitives

/// A text that is no version in the sense of deb-version(7).
package struct DebianVersionError: UserError, Hashable {
    /// The rule of deb-version(7) that it breaks.
    package enum Problem: Hashable, Sendable {
        case empty, epochNotANumber, epochTooLarge, nothingAfterColon, emptyUpstream, emptyRevision, noDigitFirst
        case badCharacter(UInt8)
    }

    /// The text.
    package let version: String
    /// What is wrong with it.
    package let problem: Problem

    package var what: String {
        let reason =
            switch problem {
            case .empty: "it is empty"
            case .epochNotANumber: "the epoch before the colon is not a number"
            case .epochTooLarge: "the epoch is too large"
            case .nothingAfterColon: "nothing follows the epoch"
            case .emptyUpstream: "nothing stands before the revision"
            case .noDigitFirst: "it does not begin with a digit"
            case .emptyRevision: "nothing follows the last hyphen"
            case .badCharacter(let byte):
                byte > 0x20 && byte < 0x7F
                    ? "the character \"\(Character(UnicodeScalar(byte)))\" is not allowed in it"
                    : "the byte \(byte) is not allowed in it"
            }
        return "\"\(version)\" is not a Debian version: \(reason)"
    }
    package var isUsageError: Bool { true }
}
