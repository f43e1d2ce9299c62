package import Declaration
import Packages
import Primitives

/// Why a section of the lock does not fit what is asked for now, in the words of `deploy.yaml` and the package sets.
package struct RequestDifference: Hashable, Sendable {
    /// A line each: "server: + htop (package-sets/debian/server.txt:41)", "repository debian: suites trixie → trixie, sid".
    package let lines: [String]

    /// Whether the section fits.
    package var isEmpty: Bool { lines.isEmpty }

    /// Compares `old`, nil where the lock has no section, with what is asked for of `architecture`; `sets` are those of each
    /// profile, for the places of lines. Cheap where nothing differs.
    package init(
        from old: LockedDistribution?, to new: LockedRequest, architecture: String,
        sets: [(profile: String, union: PackageSetUnion)]
    ) {
        guard let old else {
            lines = ["deploy.lock has nothing of it"]
            return
        }
        guard let asked = old.asked else {
            lines = ["the lock was written by an older deploy and does not say what was asked for"]
            return
        }
        var lines: [String] = []
        if old.architecture != architecture { lines.append("architecture \(old.architecture) → \(architecture)") }
        if asked != new {
            let releases = ["\(asked.release) \(asked.codename)", "\(new.release) \(new.codename)"]
            if releases[0] != releases[1] { lines.append("release \(releases[0]) → \(releases[1])") }
            switch (asked.source, new.source) {
            case (.apt(let asked), .apt(let new)): lines += Self.apt(from: asked, to: new)
            case (.rpm(let asked), .rpm(let new)): lines += Self.rpm(from: asked, to: new)
            case (let asked, let new): lines.append("family \(asked.family.rawValue) → \(new.family.rawValue)")
            }
            lines += Self.wishes(from: asked, to: new, sets)
        }
        if !old.unsealed.isEmpty {
            let names = old.unsealed.joined(separator: ", ")
            lines.append("\(names): the packages are not as they were resolved (a merge, or an edit by hand)")
        }
        self.lines = lines
    }

    static func list(_ words: [String]) -> String {
        words.isEmpty ? "none" : words.joined(separator: ", ")
    }

    private static func apt(from old: LockedAPTRequest, to new: LockedAPTRequest) -> [String] {
        var lines: [String] = []
        let foreign = (list(old.foreignArchitectures), list(new.foreignArchitectures))
        if foreign.0 != foreign.1 { lines.append("foreign architectures \(foreign.0) → \(foreign.1)") }
        return lines + repositories(from: old.repositories, to: new.repositories) + pins(from: old.pins, to: new.pins)
    }

    private static func repositories(from old: [LockedRepository], to new: [LockedRepository]) -> [String] {
        var lines: [String] = []
        for repository in new {
            guard let before = old.first(where: { $0.name == repository.name }) else {
                lines.append("repository \(repository.name) is new")
                continue
            }
            func compare(_ what: String, _ list: KeyPath<LockedRepository, [String]>) {
                guard before[keyPath: list] != repository[keyPath: list] else { return }
                let (a, b) = (before[keyPath: list], repository[keyPath: list])
                lines.append(
                    "repository \(repository.name): \(what) \(Self.list(a)) → \(Self.list(b))"
                )
            }
            compare("suites", \.suites)
            compare("components", \.components)
            switch (before.files, repository.files) {
            case (let a?, let b?) where a != b: lines.append("repository \(repository.name): its package files changed")
            case (nil, _?), (_?, nil): lines.append("repository \(repository.name): it is another one of that name")
            default: break
            }
            switch (before.keyring, repository.keyring) {
            case (nil, .some): lines.append("repository \(repository.name): unsigned → signed")
            case (.some, nil): lines.append("repository \(repository.name): signed → unsigned")
            case (let a?, let b?) where a != b: lines.append("repository \(repository.name): another keyring")
            default: break
            }
        }
        for repository in old where !new.contains(where: { $0.name == repository.name }) {
            lines.append("repository \(repository.name) is gone")
        }
        if lines.isEmpty, old.map(\.name) != new.map(\.name) {
            lines.append("repositories are in another order: \(new.map(\.name).joined(separator: ", "))")
        }
        return lines
    }

    private static func pins(from old: [LockedPin], to new: [LockedPin]) -> [String] {
        guard old != new else { return [] }
        let added = new.filter { !old.contains($0) }.map { "pins: + \($0.shown)" }
        let removed = old.filter { !new.contains($0) }.map { "pins: − \($0.shown)" }
        return added.isEmpty && removed.isEmpty ? ["pins are in another order"] : added + removed
    }

    /// A line that some profiles ask for now, or did.
    private struct Change: Hashable {
        let mark: String
        let text: String
        let place: String
    }

    private static func wishes(
        from old: LockedRequest, to new: LockedRequest, _ sets: [(profile: String, union: PackageSetUnion)]
    ) -> [String] {
        let (before, after) = (Set(old.wishes), Set(new.wishes))
        let known = (Set(old.profiles), Set(new.profiles))
        var lines = known.1.subtracting(known.0).sorted().map { "profile \($0) is new" }
        lines += known.0.subtracting(known.1).sorted().map { "profile \($0) is gone" }
        var changes: [(change: Change, profiles: [String])] = []
        func add(_ change: Change, _ profile: String) {
            if let index = changes.firstIndex(where: { $0.change == change }) {
                changes[index].profiles.append(profile)
            } else {
                changes.append((change, [profile]))
            }
        }
        var places: [LockedWish: SourceLocation] = [:]
        for (profile, union) in sets {
            for entry in union.entries {
                places[LockedWish(profile: profile, text: entry.canonicalText)] = entry.location
            }
        }
        for wish in new.wishes where !before.contains(wish) && known.0.contains(wish.profile) {
            let place = places[wish].map { " (\($0.file):\($0.line))" } ?? ""
            add(Change(mark: "+", text: wish.text, place: place), wish.profile)
        }
        for wish in old.wishes where !after.contains(wish) && known.1.contains(wish.profile) {
            add(Change(mark: "−", text: wish.text, place: ""), wish.profile)
        }
        lines += changes.map { change, profiles in
            "\(profiles.joined(separator: ", ")): \(change.mark) \(change.text)\(change.place)"
        }
        return lines
    }
}
