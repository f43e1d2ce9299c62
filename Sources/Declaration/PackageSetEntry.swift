package import Primitives

/// One line of a package set: a package that must, may or must not be in the mirror.
package struct PackageSetEntry: Hashable, Sendable {
    /// What a line says of its package.
    package enum Kind: String, Hashable, Sendable {
        /// `name`: its absence is an error.
        case wanted
        /// `name?`: taken where it can be had; its absence is reported.
        case optional
        /// `-name`: must not be in the mirror.
        case forbidden
    }

    /// What the line says.
    package let kind: Kind
    /// A package's; a group's begins with "@".
    package let name: String
    /// `arm64` in `name:arm64`: the package of this architecture, and not of the distribution's own.
    package let architecture: String?
    /// `1.2-3` in `name=1.2-3`: this version and no other.
    package let version: String?
    /// `trixie-backports` in `name/trixie-backports`: the version this suite has.
    package let suite: String?
    /// `[amd64 arm64]`: the entry counts only where the distribution's architecture is one of these; empty: always.
    package let restriction: [String]
    /// Where its first character is.
    package let location: SourceLocation
    /// The whole line as it stands in the file.
    package let line: String
    /// The entry as written, without restriction and comment: `nginx/trixie-backports`.
    package let text: String

    package init(
        kind: Kind = .wanted, name: String, architecture: String? = nil, version: String? = nil, suite: String? = nil,
        restriction: [String] = [], location: SourceLocation, line: String, text: String
    ) {
        self.kind = kind
        self.name = name
        self.architecture = architecture
        self.version = version
        self.suite = suite
        self.restriction = restriction
        self.location = location
        self.line = line
        self.text = text
    }

    /// The name of the group of packages that is asked for, "core" of `@core`; nil for a package.
    package var group: String? { name.hasPrefix("@") ? String(name.dropFirst()) : nil }

    /// The line with its number, and below it a mark under the entry followed by `note`.
    package func excerpt(note: String? = nil) -> [String] {
        PackageSetExcerpt.lines(line, at: location, length: text.count, note: note)
    }

    /// What the entry says, with where it says so left out: equal for two entries that mean the same.
    package var meaning: [String] {
        [kind.rawValue, name, architecture ?? "", version ?? "", suite ?? ""]
    }
}

/// A place where a package set is asked for: an item of a profile in `deploy.yaml`, or an `@include` line.
package struct PackageSetReference: Hashable, Sendable {
    /// The set's: "server".
    package let name: String
    /// Where it is asked for; nil where no file asks.
    package let location: SourceLocation?

    package init(_ name: String, at location: SourceLocation? = nil) {
        self.name = name
        self.location = location
    }
}

/// A line of a user's file shown in an error.
enum PackageSetExcerpt {
    static func lines(_ line: String, at location: SourceLocation, length: Int, note: String?) -> [String] {
        let number = "\(location.line)"
        let margin = String(repeating: " ", count: max(0, 5 - number.count))
        let shown = line.map { $0 == "\t" || !$0.isPrintable ? " " : $0 }
        let indent = String(repeating: " ", count: max(0, location.column - 1))
        let mark = String(repeating: "^", count: max(1, length))
        return [
            "\(margin)\(number) | \(String(shown))",
            "      | \(indent)\(mark)\(note.map { "  \($0)" } ?? "")",
        ]
    }
}

extension Character {
    /// False for control characters, which a terminal would obey instead of showing.
    var isPrintable: Bool {
        unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
            default: true
            }
        }
    }
}
