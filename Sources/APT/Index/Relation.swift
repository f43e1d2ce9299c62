/// How a relation compares versions; Debian Policy 7.1.
package enum RelationOperator: UInt8, Hashable, Sendable, CustomStringConvertible {
    case earlier, earlierOrEqual, equal, laterOrEqual, later

    package var description: String {
        switch self {
        case .earlier: "<<"
        case .earlierOrEqual: "<="
        case .equal: "="
        case .laterOrEqual: ">="
        case .later: ">>"
        }
    }

    /// Whether a version that compares as `order` (negative: earlier) to the one named satisfies this.
    @inline(__always)
    package func accepts(_ order: Int) -> Bool {
        switch self {
        case .earlier: order < 0
        case .earlierOrEqual: order <= 0
        case .equal: order == 0
        case .laterOrEqual: order >= 0
        case .later: order > 0
        }
    }
}

/// One alternative of a relation field, `name[:architecture] [(operator version)] [[architectures]]`, as places in its bytes.
package struct Relation: Hashable, Sendable {
    /// What follows the colon after the name; Debian Policy 7.1 and the Multiarch specification.
    package enum Qualifier: Hashable, Sendable {
        case none, any, native
        /// An architecture by name, at this place.
        case architecture(Range<Int>)
    }

    /// The package's, without architecture and version.
    package var name: Range<Int>
    /// Of which architecture it must be; that of the package itself where nothing is said.
    package var qualifier: Qualifier
    /// How its version must compare; nil where any will do.
    package var comparison: RelationOperator?
    /// The version compared with; empty where there is no operator.
    package var version: Range<Int>
    /// What stands between `[` and `]`; empty where there is no restriction.
    package var architectures: Range<Int>
    /// Whether it follows a `|`: an alternative to the one before.
    package var isAlternative: Bool
    /// All of it, without blanks around.
    package var extent: Range<Int>

    /// Whether its restriction, if any, admits `architecture`; wildcards `any`, `any-CPU` and `linux-any` included.
    package func applies(to architecture: String, in bytes: UnsafeRawBufferPointer) -> Bool {
        guard !architectures.isEmpty else { return true }
        let words = String(decoding: bytes.slice(architectures), as: UTF8.self).split { " \t\r\n".contains($0) }
        let isNegated = words.first?.hasPrefix("!") ?? false
        let matches = words.contains { word in
            let pattern = word.hasPrefix("!") ? word.dropFirst() : word
            return pattern == architecture || pattern == "any" || pattern == "linux-any"
                || pattern == "any-\(architecture)"
        }
        return matches != isNegated
    }
}

/// A relation field that breaks the syntax of Debian Policy 7.1: what is wrong, and at which byte of the text.
package struct RelationSyntaxError: Error, Hashable, CustomStringConvertible {
    /// Which part of a relation is odd; raw values are sentences for people.
    package enum Problem: String, Hashable, Sendable {
        case missingName = "a package name is missing"
        case emptyQualifier = "nothing follows the colon after a name"
        case unclosedVersion = "a parenthesis is not closed"
        case unknownOperator = "the operator is none of <<, <=, =, >=, >>"
        case missingVersion = "a version is missing after the operator"
        case unclosedRestriction = "a bracket is not closed"
        case unexpectedText = "a comma or a bar is missing"
    }

    /// What is wrong.
    package let problem: Problem
    /// In all the bytes that the parser was given, not in its range of them.
    package let offset: Int

    package var description: String { problem.rawValue }
}
