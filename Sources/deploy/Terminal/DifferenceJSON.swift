import Darksites
import Locking
import Pipeline
import Primitives

/// A comparison of locks for programs.
struct DifferenceJSON {
    private let difference: ProjectDifference

    init(_ difference: ProjectDifference) { self.difference = difference }

    var text: String {
        func side(_ side: LockSide) -> JSON {
            .object([("name", .string(side.name)), ("kind", .string(side.kind.rawValue))])
        }
        return JSON.object([
            ("from", side(difference.from)), ("to", side(difference.to)),
            ("same", .bool(difference.comparison.isEmpty)),
            ("distributions", .array(difference.comparison.distributions.map(distribution))),
        ]).text
    }

    private func distribution(_ distribution: LockComparison.Distribution) -> JSON {
        let snapshots = distribution.snapshots.map { move in
            JSON.object(
                [("repository", .string(move.repository)), ("suite", .string(move.suite))]
                    + [("from", move.from), ("to", move.to)].compactMap { key, date in
                        date.map { (key, .string("\($0)")) }
                    })
        }
        let profiles = distribution.profiles.map { profile in
            JSON.object(
                [("name", .string(profile.name))]
                    + [("before", profile.before), ("after", profile.after)].compactMap { key, load in
                        load.map { (key, Self.load($0)) }
                    })
        }
        return .object([
            ("name", .string(distribution.name)), ("kind", .string(distribution.kind.rawValue)),
            ("before", Self.load(distribution.before)), ("after", Self.load(distribution.after)),
            ("snapshots", .array(snapshots)), ("changes", .array(distribution.changes.map(Self.change))),
            ("profiles", .array(profiles)),
            (
                "unknownCauses",
                .array(
                    distribution.gaps.map {
                        .object([("side", .string($0.side)), ("reason", .string($0.reason))])
                    })
            ),
        ])
    }

    private static func load(_ load: LockComparison.Load) -> JSON {
        .object([("packages", .number(Double(load.packages))), ("bytes", .number(Double(load.size.bytes)))])
    }

    private static func change(_ change: LockComparison.Change) -> JSON {
        var fields: [(String, JSON)] = [
            ("kind", .string(change.change.kind.word)), ("package", .string(change.change.name)),
            ("architecture", .string(change.change.architecture)),
        ]
        let versions = change.change.kind.versions
        if let from = versions.from { fields.append(("from", .string(from))) }
        if let to = versions.to { fields.append(("to", .string(to))) }
        fields += [
            ("size", .number(Double(change.change.size.bytes))),
            ("growth", .number(Double(change.change.growth.bytes))),
            ("profiles", .array(change.profiles.map { .string($0) })), ("inOtherProfiles", .bool(change.isElsewhere)),
        ]
        if let cause = change.cause { fields.append(("cause", ChainText.json(cause))) }
        return .object(fields)
    }
}
