import Packages
import Primitives

/// Takes typed values out of a document, and keeps every error on the way, so that all can be told at once.
struct DeclarationFields {
    private(set) var errors: [Mistake] = []

    /// A mapping whose keys were looked at.
    struct Section {
        /// Its place in the document: "distributions.debian".
        let name: String
        /// Where something that it lacks should be told: at its key.
        let location: SourceLocation
        fileprivate let values: [String: DeclarationDocument.Member]

        func has(_ key: String) -> Bool { values[key] != nil }

        func location(of key: String) -> SourceLocation { values[key]?.value.location ?? location }

        func keyLocation(of key: String) -> SourceLocation { values[key]?.location ?? location }

        func path(_ key: String) -> String { name.isEmpty ? key : "\(name).\(key)" }
    }

    /// A value with its place.
    struct Located<Value> {
        let value: Value
        let location: SourceLocation
    }

    mutating func report(_ what: String, at location: SourceLocation, hint: String? = nil) {
        report(Mistake(what, at: location, hint: hint))
    }

    mutating func report(_ mistake: Mistake) { errors.append(mistake) }

    /// `document` as a mapping that has no other keys than `keys`; nil, and an error, where it is none.
    mutating func section(
        _ document: DeclarationDocument, name: String, at location: SourceLocation? = nil, keys: [String]
    ) -> Section? {
        guard let members = members(document, name: name) else { return nil }
        for member in members where !keys.contains(member.key) {
            report(
                "there is no key \"\(member.key)\"\(name.isEmpty ? "" : " in \(name)")", at: member.location,
                hint: NearestNames.nearest(to: member.key, in: keys).map { "did you mean \($0)?" }
                    ?? "the keys are: \(keys.joined(separator: ", "))")
        }
        let values = Dictionary(members.map { ($0.key, $0) }) { first, _ in first }
        return Section(name: name, location: location ?? document.location, values: values)
    }

    /// The members of `document`, whose keys are names of the user's; an error for each name that is given twice.
    mutating func members(_ document: DeclarationDocument, name: String) -> [DeclarationDocument.Member]? {
        guard case .mapping(let members) = document.content else {
            wrongType(document, name: name.isEmpty ? "the file" : name, wanted: "a mapping (key: value)")
            return nil
        }
        var seen: [String: SourceLocation] = [:]
        return members.filter { member in
            guard let first = seen[member.key] else {
                seen[member.key] = member.location
                return true
            }
            report("\"\(member.key)\" is given twice", at: member.location, hint: "first on line \(first.line)")
            return false
        }
    }

    /// The value of a key that must be there.
    mutating func required(_ key: String, of section: Section, example: String) -> DeclarationDocument? {
        if let member = section.values[key] { return member.value }
        report(
            "\(section.name.isEmpty ? "the file" : section.name) lacks \"\(key)\"", at: section.location,
            hint: "for example: \(example)")
        return nil
    }

    func optional(_ key: String, of section: Section) -> DeclarationDocument? { section.values[key]?.value }

    /// The string of `key`, or `fallback` where there is no such key. `problem` says what is wrong with a value.
    mutating func string(
        _ key: String, of section: Section, example: String, or fallback: String? = nil,
        problem: (String) -> String? = { _ in nil }
    ) -> Located<String>? {
        if let fallback, !section.has(key) { return Located(value: fallback, location: section.location) }
        guard let document = required(key, of: section, example: example) else { return nil }
        return string(document, name: section.path(key), problem: problem)
    }

    mutating func string(
        _ document: DeclarationDocument, name: String, problem: (String) -> String? = { _ in nil }
    ) -> Located<String>? {
        guard case .scalar(let text, _) = document.content, !document.isNothing else {
            wrongType(document, name: name, wanted: "a word")
            return nil
        }
        if let problem = problem(text) {
            report("\(name) cannot be \"\(text)\"", at: document.location, hint: problem)
            return nil
        }
        return Located(value: text, location: document.location)
    }

    /// The strings of the list `key`, none of them twice; `fallback` where there is no such key.
    mutating func strings(
        _ key: String, of section: Section, example: String, or fallback: [String]? = nil, allowsNone: Bool = false,
        problem: (String) -> String? = { _ in nil }
    ) -> [Located<String>]? {
        if let fallback, !section.has(key) { return fallback.map { Located(value: $0, location: section.location) } }
        guard let document = required(key, of: section, example: example) else { return nil }
        return strings(document, name: section.path(key), allowsNone: allowsNone, problem: problem)
    }

    mutating func strings(
        _ document: DeclarationDocument, name: String, allowsNone: Bool = false,
        problem: (String) -> String? = { _ in nil }
    ) -> [Located<String>]? {
        guard let items = list(document, name: name) else { return nil }
        guard allowsNone || !items.isEmpty else {
            report("\(name) is empty", at: document.location)
            return nil
        }
        var values: [Located<String>] = []
        for item in items {
            guard let value = string(item, name: name, problem: problem) else { continue }
            if let first = values.first(where: { $0.value == value.value }) {
                report(
                    "\(name) has \"\(value.value)\" twice", at: value.location,
                    hint: "first on line \(first.location.line)")
            }
            values.append(value)
        }
        return values.count == items.count ? values : nil
    }

    mutating func list(_ document: DeclarationDocument, name: String) -> [DeclarationDocument]? {
        guard case .list(let items) = document.content else {
            wrongType(document, name: name, wanted: "a list ([one, two], or a line \"- one\" for each)")
            return nil
        }
        return items
    }

    /// The whole number of `key` in `range`, or `fallback` where there is no such key.
    mutating func integer(
        _ key: String, of section: Section, in range: ClosedRange<Int>, or fallback: Int? = nil
    ) -> Int? {
        if let fallback, !section.has(key) { return fallback }
        guard let document = required(key, of: section, example: "\(key): \(range.upperBound)") else { return nil }
        let name = section.path(key)
        guard case .scalar(let text, isQuoted: false) = document.content, let value = Int(text) else {
            wrongType(document, name: name, wanted: "a whole number")
            return nil
        }
        guard range.contains(value) else {
            report(
                "\(name) cannot be \(value)", at: document.location,
                hint: "from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return value
    }

    /// Whether `key` is `true`; false where there is no such key, nil, and an error, where it is something else.
    mutating func flag(_ key: String, of section: Section) -> Bool? {
        guard let document = optional(key, of: section) else { return false }
        if case .scalar(let text, isQuoted: false) = document.content {
            if text == "true" { return true }
            if text == "false" { return false }
        }
        wrongType(document, name: section.path(key), wanted: "true or false")
        return nil
    }

    private mutating func wrongType(_ document: DeclarationDocument, name: String, wanted: String) {
        report("\(name) should be \(wanted), and is \(document.kind)", at: document.location)
    }
}
