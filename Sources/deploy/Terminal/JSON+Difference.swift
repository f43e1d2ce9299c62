import Darksites
import Locking
import Primitives

/// A comparison of locks, for programs.
extension JSON {
    static func difference(_ distribution: LockComparison.Distribution) -> JSON {
        .fields([
            "name": .string(distribution.name), "kind": .string(distribution.kind.rawValue),
            "before": load(distribution.before), "after": load(distribution.after),
            "snapshots": .list(distribution.snapshots, move), "changes": .list(distribution.changes, change),
            "profiles": .list(distribution.profiles, profile), "unknown_causes": .list(distribution.gaps, gap),
        ])
    }

    private static func load(_ load: LockComparison.Load) -> JSON {
        .fields(["packages": .count(load.packages), "bytes": .size(load.size)])
    }

    private static func move(_ move: LockComparison.SnapshotMove) -> JSON {
        .fields([
            "repository": .string(move.name.repository), "suite": move.name.suite.map(JSON.string),
            "from": move.from.map(JSON.date),
            "to": move.to.map(JSON.date),
        ])
    }

    private static func profile(_ profile: LockComparison.Profile) -> JSON {
        .fields([
            "name": .string(profile.name), "before": profile.before.map(load), "after": profile.after.map(load),
        ])
    }

    private static func gap(_ gap: LockComparison.Gap) -> JSON {
        .fields(["side": .string(gap.side), "reason": .string(gap.reason)])
    }

    private static func change(_ change: LockComparison.Change) -> JSON {
        let versions = change.change.kind.versions
        return .fields([
            "kind": .string(change.change.kind.word), "package": .string(change.change.name),
            "architecture": .string(change.change.architecture), "from": versions.from.map(JSON.string),
            "to": versions.to.map(JSON.string), "size": .size(change.change.size),
            "growth": .size(change.change.growth), "profiles": .strings(change.profiles),
            "in_other_profiles": .bool(change.isElsewhere), "cause": change.cause.map(JSON.origin),
        ])
    }
}
