package import Primitives

/// Something wrong in `deploy.yaml`, or in the flags and variables that override it.
package struct DeclarationError: UserError, Hashable {
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
