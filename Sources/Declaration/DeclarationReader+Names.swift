import APT
import Packages
import Primitives
import SystemPackage

/// What several sections have: names of sets, distributions and profiles, and paths.
extension DeclarationReader {
    mutating func requiredSets(_ section: DeclarationFields.Section) -> [PackageSetReference]? {
        guard let document = fields.required("sets", of: section, example: "sets: [base]") else { return nil }
        return sets(document, name: section.path("sets"))
    }

    /// None where there is no such key; nil where it can't be read.
    mutating func optionalSets(_ key: String, of section: DeclarationFields.Section) -> [PackageSetReference]? {
        guard let document = fields.optional(key, of: section) else { return [] }
        return sets(document, name: section.path(key))
    }

    mutating func sets(_ document: DeclarationDocument, name: String) -> [PackageSetReference]? {
        let names = fields.strings(document, name: name) {
            PackageSetReference.isName($0) ? nil : "the name of a file in package-sets/DISTRIBUTION/, without .txt"
        }
        return names?.map { PackageSetReference($0.value, at: $0.location) }
    }

    func path(_ text: String) -> FilePath {
        HomeFolder.path(text, relativeTo: folder, home: home) ?? folder.pushing(FilePath(text)).lexicallyNormalized()
    }

    /// The name of a distribution that exists, under the key "distribution".
    mutating func distribution(of section: DeclarationFields.Section, known: [String]?) -> String? {
        guard let name = fields.string("distribution", of: section, example: "distribution: debian") else { return nil }
        if let known, !known.contains(name.value) { unknownDistribution(name.value, at: name.location, known: known) }
        return name.value
    }

    mutating func unknownDistribution(_ name: String, at location: SourceLocation, known: [String]) {
        fields.report(
            "there is no distribution \"\(name)\"", at: location, hint: NearestNames.hint(for: name, in: known))
    }

    mutating func check(
        _ profile: DeclarationFields.Located<String>, of name: String, in known: [Declaration.Distribution]
    ) {
        guard let distribution = known.first(where: { $0.name == name }) else { return }
        let profiles = distribution.profiles.map(\.name)
        guard !profiles.contains(profile.value) else { return }
        fields.report(
            "\(name) has no profile \"\(profile.value)\"", at: profile.location,
            hint: NearestNames.hint(for: profile.value, in: profiles))
    }

    mutating func checkName(_ member: DeclarationDocument.Member, of what: String) {
        guard let problem = Self.problemOfName(member.key) else { return }
        fields.report("\(what) cannot be called \"\(member.key)\"", at: member.location, hint: problem)
    }

    /// Names become parts of file names and of lines in the lock.
    static func problemOfName(_ name: String) -> String? {
        let isFine = name.utf8.allSatisfy {
            ("a"..."z").contains(Unicode.Scalar($0)) || ("0"..."9").contains(Unicode.Scalar($0))
                || $0 == UInt8(ascii: "-")
        }
        return isFine && !name.isEmpty && !name.hasPrefix("-") ? nil : "names have a to z, 0 to 9 and -"
    }

    /// What is wrong with the name of an architecture among packages of `family`.
    static func problemOfArchitecture(_ family: PackageFamily) -> (String) -> String? {
        { name in
            if name == "all" || name == "noarch" { return "packages of \(name) are there for every architecture" }
            let problem = family.problem(ofArchitecture: name, allowsWildcards: false)
            return problem.map { $0.hint ?? $0.what }
        }
    }

    /// Suites, components, architectures and releases stand in lines with spaces between and in paths.
    static func problemOfWord(_ word: String) -> String? {
        let isFine = word.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part != "." && part != ".."
                && part.utf8.allSatisfy { byte in
                    let scalar = Unicode.Scalar(byte)
                    return ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
                        || "-._+~".unicodeScalars.contains(scalar)
                }
        }
        return isFine ? nil : "letters, digits, - . _ + and ~; a / only between them"
    }

    /// Suites are words; a flat repository has the path of its folder in their place, which ends with a slash.
    static func problemOfSuite(_ word: String) -> String? {
        let isFine = Release.isFlat(word) && suite(word) == "./" || problemOfWord(trimmed(suite(word))) == nil
        return isFine
            ? nil
            : "a suite (trixie, buster/updates), or the folder of a flat repository with a / at its end (./, amd64/)"
    }

    /// One spelling of a suite: "./" for "/", "amd64/" for "./amd64/".
    static func suite(_ word: String) -> String {
        guard Release.isFlat(word) else { return word }
        let folder = Release.folder(of: word)
        return folder.isEmpty ? "./" : folder
    }

    private static func trimmed(_ suite: String) -> String {
        Release.isFlat(suite) ? String(suite.dropLast()) : suite
    }
}
