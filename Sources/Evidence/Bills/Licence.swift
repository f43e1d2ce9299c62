import Primitives

/// What a package says of its licence, as an expression of SPDX 2.3 (annex D).
package struct Licence: Hashable, Sendable {
    /// "GPL-2.0-or-later AND MIT"; names without an identifier of SPDX's are references: "LicenseRef-GPL-2-with-exception".
    package let expression: String
    /// The words of the package that each reference in the expression stands for.
    package let references: [String: String]

    package init(expression: String, references: [String: String] = [:]) {
        self.expression = expression
        self.references = references
    }

    /// That of a debian/copyright file: all that its fields `License` name, together. Nil where the file is not machine-readable
    /// (https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/), and where it names none.
    package init?(copyright text: [UInt8]) {
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard let first = lines.first(where: { !$0.isEmpty }), first.lowercased().hasPrefix("format"),
            first.contains("copyright-format")
        else { return nil }
        var builder = LicenceBuilder()
        var names: Set<String> = []
        var parts: [String] = []
        // A paragraph that has no Files is the text of a licence, and says nothing of a file: that there is one is said by others.
        for line in lines where line.lowercased().hasPrefix("license:") {
            let name = line.dropFirst("license:".count).split(separator: " ").joined(separator: " ")
            guard !name.isEmpty, names.insert(name.lowercased()).inserted else { continue }
            let expression = builder.expression(debian: name)
            // What is said of one file together is said of the package together, too.
            let together =
                expression.contains(" OR ") ? [expression] : expression.split(separator: " AND ").map(String.init)
            for part in together where !parts.contains(part) { parts.append(part) }
        }
        guard !parts.isEmpty else { return nil }
        let isAlone = parts.count == 1
        // In one order, whatever that of the file: what several packages share is the same.
        expression = parts.sorted().map { isAlone || !$0.contains(" OR ") ? $0 : "(\($0))" }.joined(separator: " AND ")
        references = builder.references
    }

    /// That of an RPM package, by its tag `License`: an expression of SPDX's where the distribution writes such ones, else its words as
    /// a whole. Nil where it is empty.
    package init?(rpm text: String) {
        let words = text.replacing("(", with: " ( ").replacing(")", with: " ) ").split(separator: " ").map(String.init)
        guard !words.isEmpty else { return nil }
        let isExpression = words.allSatisfy { word in
            ["AND", "OR", "(", ")"].contains(word) || SPDXLicences.all.contains(word)
        }
        if isExpression {
            expression = words.joined(separator: " ").replacing("( ", with: "(").replacing(" )", with: ")")
            references = [:]
        } else {
            var builder = LicenceBuilder()
            expression = builder.reference(to: text)
            references = builder.references
        }
    }
}

/// Makes expressions of names, and remembers the references in them.
private struct LicenceBuilder {
    private(set) var references: [String: String] = [:]

    /// "GPL-2+ or Artistic, and BSD-3-clause": in the specification's words, `and` binds less after a comma, and more than `or` else.
    mutating func expression(debian name: String) -> String {
        let clauses = name.replacing(", and ", with: "\u{0}").split(separator: "\u{0}").map(String.init)
        guard clauses.count == 1 else {
            return clauses.map { clause in
                let inner = expression(debian: clause)
                return inner.contains(" OR ") ? "(\(inner))" : inner
            }.joined(separator: " AND ")
        }
        let words = name.split(separator: " ").map(String.init)
        func split(_ word: String) -> [String] {
            words.split { $0.lowercased() == word }.map { $0.joined(separator: " ") }.map { part in
                part.hasSuffix(",") ? String(part.dropLast()) : part
            }
        }
        let choices = split("or")
        if choices.count > 1 { return choices.map { expression(debian: $0) }.joined(separator: " OR ") }
        let together = split("and")
        if together.count > 1 { return together.map { expression(debian: $0) }.joined(separator: " AND ") }
        return SPDXLicences.debian[name.lowercased()] ?? reference(to: name)
    }

    /// Letters, digits, dots and hyphens are all that such a name may have (SPDX 2.3, 10.1).
    mutating func reference(to words: String) -> String {
        var name: [UInt8] = []
        for byte in words.utf8.prefix(60) {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."):
                name.append(byte)
            case UInt8(ascii: "+"): name += "-or-later".utf8
            default: if name.last != UInt8(ascii: "-") { name.append(UInt8(ascii: "-")) }
            }
        }
        var id = "LicenseRef-\(String(decoding: name, as: UTF8.self))"
        // Others that come to the same name are told apart by a digest.
        if words.utf8.count > 60 || references[id].map({ $0 != words }) == true {
            id += "-\(Digest(of: words.utf8).short)"
        }
        references[id] = words
        return id
    }
}
