/// What differs between two requests for RPM packages.
extension RequestDifference {
    static func rpm(from old: LockedRPMRequest, to new: LockedRPMRequest) -> [String] {
        var lines: [String] = []
        if old.excludes != new.excludes { lines.append("excludes \(list(old.excludes)) → \(list(new.excludes))") }
        if old.modules != new.modules { lines.append("modules \(list(old.modules)) → \(list(new.modules))") }
        let before = lines.count
        for repository in new.repositories {
            guard let other = old.repositories.first(where: { $0.name == repository.name }) else {
                lines.append("repository \(repository.name) is new")
                continue
            }
            lines += changes(from: other, to: repository).map { "repository \(repository.name): \($0)" }
        }
        for repository in old.repositories where !new.repositories.contains(where: { $0.name == repository.name }) {
            lines.append("repository \(repository.name) is gone")
        }
        if lines.count == before, old.repositories.map(\.name) != new.repositories.map(\.name) {
            let names = new.repositories.map(\.name).joined(separator: ", ")
            lines.append("repositories are in another order: \(names)")
        }
        return lines
    }

    private static func changes(from old: LockedRPMRepository, to new: LockedRPMRepository) -> [String] {
        var lines: [String] = []
        if old.priority != new.priority { lines.append("priority \(old.priority) → \(new.priority)") }
        if old.cost != new.cost { lines.append("cost \(old.cost) → \(new.cost)") }
        if old.excludes != new.excludes { lines.append("excludes \(list(old.excludes)) → \(list(new.excludes))") }
        if old.ignoresModules != new.ignoresModules {
            lines.append("module-hotfixes \(old.ignoresModules) → \(new.ignoresModules)")
        }
        switch (old.trust, new.trust) {
        case (.keys, .keys) where old.trust != new.trust: lines.append("other keys")
        case (.files, .files) where old.trust != new.trust: lines.append("its package files changed")
        case _ where old.trust != new.trust: lines.append("\(old.trust.shown) → \(new.trust.shown)")
        default: break
        }
        switch (old.packageKeys, new.packageKeys) {
        // Where `keys` are those of packages too, that was said.
        case (let a, let b) where a == b || a.map { .keys($0) } == old.trust && b.map { .keys($0) } == new.trust: break
        case (nil, _): lines.append("package-keys none → some")
        case (_, nil): lines.append("package-keys some → none")
        default: lines.append("other package-keys")
        }
        return lines
    }
}

extension LockedRPMRepository.Trust {
    fileprivate var shown: String {
        switch self {
        case .keys: "vouched for by keys"
        case .metalink: "vouched-by metalink"
        case .unsigned: "unsigned"
        case .files: "files of one's own"
        }
    }
}
