/// A place in a file that a person edits. Lines and columns count from 1; columns count characters.
package struct SourceLocation: Hashable, Sendable, CustomStringConvertible {
    /// The path as people know it: "deploy.yaml".
    package var file: String
    /// From 1.
    package var line: Int
    /// In characters, from 1.
    package var column: Int

    package init(file: String, line: Int, column: Int = 1) {
        self.file = file
        self.line = line
        self.column = column
    }

    package var description: String { "\(file):\(line):\(column)" }
}

/// An error for the person at the terminal: what is wrong, where, and what to do about it.
///
/// Every module's error type conforms; the executable renders them, in one place.
package protocol UserError: Error, CustomStringConvertible {
    /// One sentence without a full stop: what is wrong, with the names involved.
    var what: String { get }
    /// Where in a file of the user it is wrong.
    var location: SourceLocation? { get }
    /// Facts that help to understand it, a line each: addresses, last lines of a log, the chain of causes.
    var details: [String] { get }
    /// What to do now: a command or an edit.
    var hint: String? { get }
    /// Whether the request itself was wrong (exit code 2) and not the work it asked for (exit code 1).
    var isUsageError: Bool { get }
}

extension UserError {
    package var location: SourceLocation? { nil }
    package var details: [String] { [] }
    package var hint: String? { nil }
    package var isUsageError: Bool { false }

    package var description: String {
        ([location.map { "\($0): \(what)" } ?? what] + details + (hint.map { [$0] } ?? [])).joined(separator: "\n")
    }
}

/// Several errors found in one pass, so that all can be mended at once.
package struct UserErrors: UserError {
    /// In the order in which they are shown; never empty.
    package let errors: [any UserError]

    /// Wraps `errors`, which must not be empty.
    package init(_ errors: [any UserError]) { self.errors = errors }

    /// The error, where there is no second one.
    private var only: (any UserError)? { errors.count == 1 ? errors[0] : nil }

    package var what: String { only?.what ?? "\(errors.count) errors" }
    package var location: SourceLocation? { only?.location }
    package var details: [String] { only?.details ?? errors.map(\.description) }
    package var hint: String? { only?.hint }
    package var isUsageError: Bool { errors.allSatisfy(\.isUsageError) }
}

/// Something wrong in what a person wrote: a declaration, a package set, a lock, a flag.
package struct Mistake: UserError, Hashable {
    package let what: String
    package let location: SourceLocation?
    package let details: [String]
    package let hint: String?
    package var isUsageError: Bool { true }

    package init(_ what: String, at location: SourceLocation?, details: [String] = [], hint: String? = nil) {
        self.what = what
        self.location = location
        self.details = details
        self.hint = hint
    }
}
