import Primitives

/// A record of apt_preferences(5): which packages from where get which priority.
///
/// The general form (`Package: *`) sets the priority of whole indexes, the specific form that of the versions it matches; in
/// both the first that matches rules. Below zero forbids.
package struct Pin: Hashable, Sendable {
    /// What the packages of the pin must be, or be from, to get its priority.
    package enum Target: Hashable, Sendable {
        /// A version, or a pattern such as `6.12.*`.
        case version(Pattern)
        /// Every term must hold; none holds for all.
        case release([ReleaseTerm])
        /// The host of the archive; nil for local indexes.
        case origin(Pattern?)
    }

    /// One thing that a Release file, or the place of an index, has to say.
    package struct ReleaseTerm: Hashable, Sendable {
        /// What is looked at; raw values are apt's letters for it.
        package enum Property: String, Sendable {
            case version = "v", origin = "o", archive = "a", codename = "n", label = "l", component = "c"
            case architecture = "b"
            /// A single word: archive or code name.
            case archiveOrCodename = ""
        }

        /// What is looked at.
        package var property: Property
        /// What it must be like.
        package var pattern: Pattern
    }

    /// Names, patterns and `src:` names, each with an architecture after a colon if it is not the native one; or "*" alone.
    package let packages: [String]
    /// The same, read.
    let names: [PinnedName]
    /// From where, or in which version, they are meant.
    package let target: Target
    /// -32767 to 32767 and not 0, in the sense of apt_preferences(5): 500 is usual, 990 wins over it.
    package let priority: Int

    /// The pin with these values of the fields Package, Pin and Pin-Priority, such as
    /// `("linux-image-* zfs*", "release n=trixie-backports", 600)`.
    package init(packages: String, pin: String, priority: Int) throws(PinError) {
        func blank(_ character: Character) -> Bool { character == " " || character == "\t" }
        self.packages = packages.split(whereSeparator: blank).map(String.init)
        guard !self.packages.isEmpty else { throw PinError(pin: pin, problem: .noPackages) }
        do {
            names = try self.packages.map { text throws(PatternError) in try PinnedName(text) }
        } catch {
            throw PinError(pin: error.pattern, problem: .regularExpression(error.detail))
        }
        guard priority != 0, abs(priority) <= Int(Int16.max) else {
            throw PinError(pin: pin, problem: .badPriority(priority))
        }
        self.priority = priority
        let word = pin.prefix { !blank($0) }
        var data = String(pin.dropFirst(word.count).drop(while: blank))
        while let last = data.last, blank(last) { data.removeLast() }
        switch word {
        case "version":
            guard !data.isEmpty, self.packages != ["*"] else { throw PinError(pin: pin, problem: .versionNeedsName) }
            target = .version(try Pin.pattern(data))
        case "release":
            target = .release(try Pin.releaseTerms(data, pin))
        case "origin":
            let site = data.trimmingQuotes
            target = .origin(site.isEmpty ? nil : try Pin.pattern(site))
        default:
            throw PinError(pin: pin, problem: .unknownKind)
        }
    }

    private static func pattern(_ text: String) throws(PinError) -> Pattern {
        do { return try Pattern(text) } catch {
            throw PinError(pin: error.pattern, problem: .regularExpression(error.detail))
        }
    }

    private static func releaseTerms(_ data: String, _ pin: String) throws(PinError) -> [ReleaseTerm] {
        if data == "*" { return [] }
        guard data.contains("=") else {
            guard let first = data.first else { throw PinError(pin: pin, problem: .emptyRelease) }
            return [ReleaseTerm(property: first.isNumber ? .version : .archiveOrCodename, pattern: try pattern(data))]
        }
        var terms: [ReleaseTerm] = []
        for part in data.split(separator: ",") {
            let term = part.drop { $0 == " " }
            guard let equals = term.firstIndex(of: "="),
                let property = ReleaseTerm.Property(rawValue: term[..<equals].lowercased()),
                property != .archiveOrCodename
            else { throw PinError(pin: pin, problem: .unknownTerm(String(term))) }
            var pattern = String(term[term.index(after: equals)...])
            while pattern.last == " " { pattern.removeLast() }
            terms.append(ReleaseTerm(property: property, pattern: try Pin.pattern(pattern)))
        }
        return terms
    }

    /// Whether it is of the general form.
    package var isGeneral: Bool { packages == ["*"] }

    /// Whether an index from `origin` is meant; false for pins by version.
    func matches(_ origin: IndexOrigin) -> Bool {
        switch target {
        case .version: false
        case .origin(let site): site.map { $0.matches(origin.site) } ?? origin.site.isEmpty
        case .release(let terms):
            terms.allSatisfy { term in
                switch term.property {
                case .version: term.pattern.matches(origin.version)
                case .origin: term.pattern.matches(origin.origin)
                case .archive: term.pattern.matches(origin.archive)
                case .codename: term.pattern.matches(origin.codename)
                case .label: term.pattern.matches(origin.label)
                case .component: term.pattern.matches(origin.component)
                case .architecture: term.pattern.matches(origin.architecture)
                case .archiveOrCodename:
                    term.pattern.matches(origin.archive) || term.pattern.matches(origin.codename)
                }
            }
        }
    }
}

extension String {
    fileprivate var trimmingQuotes: String {
        count >= 2 && hasPrefix("\"") && hasSuffix("\"") ? String(dropFirst().dropLast()) : self
    }
}

/// A pin that means nothing.
package struct PinError: UserError, Hashable {
    /// Which field means nothing, and why.
    package enum Problem: Hashable, Sendable {
        case noPackages, versionNeedsName, unknownKind, emptyRelease
        case unknownTerm(String)
        case badPriority(Int)
        /// It is none; what is wrong with it.
        case regularExpression(String)
    }

    /// The field Pin as it was given, or the pattern that is wrong in it.
    package let pin: String
    /// What is wrong with it.
    package let problem: Problem

    package var what: String {
        switch problem {
        case .noPackages: "the pin \"\(pin)\" names no packages"
        case .regularExpression(let detail): "\(pin) is no regular expression: \(detail)"
        case .versionNeedsName: "the pin \"\(pin)\" needs a version, and package names other than *"
        case .unknownKind: "the pin \"\(pin)\" starts with neither version, release nor origin"
        case .emptyRelease: "the pin \"\(pin)\" does not say which release"
        case .unknownTerm(let term): "in the pin \"\(pin)\", \"\(term)\" is none of a=, n=, o=, l=, c=, v=, b="
        case .badPriority(let priority): "the pin \"\(pin)\" has the priority \(priority)"
        }
    }
    package var hint: String? {
        switch problem {
        case .regularExpression: "write /…/ around what regex(7) allows, or a glob, such as linux-image-*"
        case .badPriority: "a priority is between -32767 and 32767 and not 0; below 0 forbids"
        default: "see apt_preferences(5); for example: release n=trixie-backports"
        }
    }
    package var isUsageError: Bool { true }
}
