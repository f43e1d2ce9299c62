import Darksites
import Locking
import Packages
import Primitives

/// `kldload/delta.json` on a medium of updates: what it makes of which machines. The same two locks give the same bytes: no name of a
/// file is in it, and no clock.
struct DeltaManifest {
    /// Of what this is the first: a reader refuses others.
    static let format = 1

    let from: Lock
    let to: Lock
    /// Who signs the medium: the key's fingerprint.
    let key: String
    /// Who signs the ones after it, where that changes.
    let nextKey: String?
    let parts: [(delta: DistributionDelta, release: String, codename: String)]
    /// Who proved the closure: "solver", "apt", "dnf".
    let proven: [String]

    /// The digest of a lock's text, which says which lock it is.
    static func digest(of lock: Lock) throws -> Digest { Digest(of: try LockWriter.text(of: lock)) }

    /// The file: a line of JSON.
    var bytes: [UInt8] {
        get throws {
            var fields: [(String, JSON)] = [
                ("format", .number(Double(Self.format))), ("kind", .string("kldload-delta")),
                ("from", try Self.side(from)), ("to", try Self.side(to)), ("key", .string(key)),
            ]
            if let nextKey { fields.append(("next_key", .string(nextKey))) }
            fields.append(("proven", .array(proven.map(JSON.string))))
            fields.append(("distributions", .array(parts.map(Self.distribution))))
            return JSON.object(fields).bytes + [UInt8(ascii: "\n")]
        }
    }

    private static func side(_ lock: Lock) throws -> JSON {
        var fields: [(String, JSON)] = [("lock", .string(try digest(of: lock).hex))]
        if let date = lock.epoch { fields.append(("date", .string("\(date)"))) }
        return .object(fields)
    }

    private static func distribution(
        _ part: (delta: DistributionDelta, release: String, codename: String)
    ) -> JSON {
        .object([
            ("name", .string(part.delta.to.name)), ("family", .string(part.delta.to.family.rawValue)),
            ("release", .string(part.release)), ("codename", .string(part.codename)),
            ("architecture", .string(part.delta.to.architecture)),
            ("packages", .number(Double(part.delta.packages.count + part.delta.built.count))),
            ("size", .number(Double(part.delta.size.bytes))),
            ("profiles", .array(part.delta.profiles.map(profile))),
        ])
    }

    private static func profile(_ profile: DistributionDelta.Profile) -> JSON {
        .object([
            ("name", .string(profile.name)), ("before", .number(Double(profile.before))),
            ("after", .number(Double(profile.after))),
            (
                "upgrade",
                .array(
                    profile.upgrades.map { upgrade in
                        .object(fields(upgrade.package, "to") + [("from", .string(upgrade.from))])
                    })
            ),
            ("install", .array(profile.installs.map { .object(fields($0, "version")) })),
            ("remove", .array(profile.removals.map { .object(fields($0, "version")) })),
        ])
    }

    private static func fields(_ package: DistributionDelta.Package, _ version: String) -> [(String, JSON)] {
        [
            ("name", .string(package.name)), ("architecture", .string(package.architecture)),
            (version, .string(package.version)),
        ]
    }
}
