package import Packages
package import Primitives
package import SystemPackage

/// Reads package sets from `<folder>/<distribution>/<set>.txt`, with all they include.
package struct PackageSetLoader: Sendable {
    /// The folder with a folder for each distribution.
    package let folder: FilePath
    /// How errors write `folder`.
    package let shownAs: String
    private let read: @Sendable (FilePath) throws(FileError) -> String

    /// `shownAs` is how errors write `folder`; without it, as it is. `read` gives the text of a file below `folder`; without
    /// it, that on disk.
    package init(
        folder: FilePath, shownAs: String? = nil,
        read: @escaping @Sendable (FilePath) throws(FileError) -> String = { path throws(FileError) in
            try Files.readText(path)
        }
    ) {
        self.folder = folder
        self.shownAs = shownAs ?? folder.string
        self.read = read
    }

    /// The entries of each of `profiles` by its name, for one architecture of `distribution`.
    ///
    /// Each set is read once. Throws everything that is wrong at once: sets that do not exist (with the nearest name),
    /// lines that cannot be read, architectures that nobody knows, sets that include themselves, names both wanted and forbidden.
    package func load(
        _ profiles: [PackageSetProfile], distribution: String, family: PackageFamily, architecture: String
    ) throws(UserErrors) -> [String: PackageSetUnion] {
        var reading = Reading(
            folder: folder.appending(distribution), shownAs: "\(shownAs)/\(distribution)", read: read)
        var unions: [String: PackageSetUnion] = [:]
        for profile in profiles {
            var visited: [String] = []
            for set in profile.sets { reading.visit(set, path: [], visited: &visited) }
            guard reading.errors.isEmpty else { continue }
            let sets = visited.compactMap { reading.sets[$0] ?? nil }
            do throws(UserErrors) {
                unions[profile.name] = try PackageSetUnion(
                    of: sets.flatMap(\.entries), files: sets.map(\.file), family: family,
                    architecture: architecture,
                    followsRecommends: sets.contains(where: \.followsRecommends))
            } catch {
                reading.contradictions += error.errors
            }
        }
        let errors = reading.errors + reading.contradictions
        guard errors.isEmpty else { throw UserErrors(Self.withoutRepetitions(errors)) }
        return unions
    }

    /// Two profiles with the same set have the same errors: each is told once.
    private static func withoutRepetitions(_ errors: [any UserError]) -> [any UserError] {
        var seen: Set<String> = []
        return errors.filter { seen.insert($0.description).inserted }
    }
}

/// The sets of one distribution read so far, and what was wrong with them.
private struct Reading {
    let folder: FilePath
    let shownAs: String
    let read: @Sendable (FilePath) throws(FileError) -> String
    /// nil: it could not be read, which is among the errors.
    var sets: [String: PackageSet?] = [:]
    var errors: [any UserError] = []
    var contradictions: [any UserError] = []

    /// Adds `reference` and all it includes to `visited`; `path` is the chain of sets that led here.
    mutating func visit(_ reference: PackageSetReference, path: [String], visited: inout [String]) {
        if let start = path.firstIndex(of: reference.name) {
            let cycle = (path[start...] + [reference.name]).joined(separator: " → ")
            errors.append(
                Mistake(
                    "sets include each other in a circle: \(cycle)", at: reference.location, hint: "remove this line"))
            return
        }
        guard !visited.contains(reference.name) else { return }
        visited.append(reference.name)
        guard let set = set(reference) else { return }
        for include in set.includes { visit(include, path: path + [reference.name], visited: &visited) }
    }

    /// The set that `reference` names, read from disk the first time.
    private mutating func set(_ reference: PackageSetReference) -> PackageSet? {
        if let known = sets[reference.name] { return known }
        sets[reference.name] = .some(nil)
        let file = "\(shownAs)/\(reference.name).txt"
        do {
            let text = try read(folder.appending("\(reference.name).txt"))
            let set = try PackageSet(parsing: text, name: reference.name, file: file)
            sets[reference.name] = set
            return set
        } catch let error as UserErrors {
            errors += error.errors
        } catch let error as FileError where error.errno == .noSuchFileOrDirectory {
            errors.append(
                Mistake(
                    "there is no package set \"\(reference.name)\" (\(file))", at: reference.location,
                    hint: NearestNames.hint(for: reference.name, in: names) ?? "make the file, or remove the name"))
        } catch {
            errors.append(Mistake("\(error)", at: reference.location))
        }
        return nil
    }

    private var names: [String] {
        ((try? Files.list(folder)) ?? []).filter { $0.hasSuffix(".txt") }.map { String($0.dropLast(4)) }
    }
}
