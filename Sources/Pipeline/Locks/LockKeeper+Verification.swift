import BuildGraph
import Darksites
import Declaration
import Locking
import Primitives

/// No plan is made of a lock that was not followed from the declared keys to each of its packages.
extension LockKeeper {
    /// Whether all of `standing`, which fits the declaration, was verified before, by this user.
    func isVerified(_ standing: Standing) -> Bool {
        let kept = project.kept
        return standing.sections.allSatisfy { section in
            guard let locked = section.locked, let places = standing.places else { return true }
            return kept?.content(LockVerification.name(of: places.section(locked.name)), in: .signed) != nil
        }
    }

    /// Verifies the sections of `standing` whose packages are not as they were resolved, so that a lock that was forged is not
    /// taken for one that was merged.
    func verifyMerged(_ standing: Standing) async throws {
        for section in standing.sections {
            guard let locked = section.locked, !locked.unsealed.isEmpty else { continue }
            try await verify(section, locked, places: standing.places)
        }
    }

    /// Verifies a section of the file against the keys that are declared now.
    func verify(_ section: Standing.Section, _ locked: LockedDistribution, places: LockPlaces?) async throws {
        try await verify(
            locked, as: section.distribution, places: places, isStale: !section.difference.isEmpty,
            isMerged: !locked.unsealed.isEmpty || locked.asked == nil)
    }

    /// Verifies what a resolution came to.
    func verify(_ locked: LockedDistribution, as distribution: Declaration.Distribution) async throws {
        try await verify(locked, as: distribution, places: nil, isStale: false, isMerged: false)
    }

    private func verify(
        _ locked: LockedDistribution, as distribution: Declaration.Distribution, places: LockPlaces?, isStale: Bool,
        isMerged: Bool
    ) async throws {
        let text = try places ?? LockPlaces(LockWriter.text(of: Lock([locked])), file: "")
        let (kept, name) = (project.kept, LockVerification.name(of: text.section(locked.name)))
        if !isStale, kept?.content(name, in: .signed) != nil { return }
        let found: LockVerification
        do {
            found = try await snapshots(of: distribution).verify(locked, isStale: isStale)
        } catch let gone as SnapshotGone {
            throw gone.located(in: places, of: distribution.name)
        }
        for line in try found.check(locked.name, places: places, isMerged: isMerged) { project.events(.warning(line)) }
        for line in found.notices { project.events(.notice(line)) }
        if !isStale { kept?.keep([], as: name, in: .signed) }
    }
}
