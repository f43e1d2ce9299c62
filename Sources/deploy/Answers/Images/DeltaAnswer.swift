import Darksites
import Locking
import Pipeline
import Primitives
import SystemPackage

/// A medium of updates that was made.
struct DeltaAnswer: Answer {
    let medium: DeltaMedium

    func text(_ style: Style) -> [TextLine] {
        var lines = ["from \(medium.from.name) to \(medium.to.name)"]
        for delta in medium.deltas {
            for profile in delta.profiles {
                let parts = [
                    (profile.upgrades.count, "upgraded"), (profile.installs.count, "new"),
                    (profile.removals.count, "removed"),
                ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
                let what = parts.isEmpty ? "nothing moved" : parts.joined(separator: ", ")
                lines.append(
                    "  \(delta.to.name) \(profile.name): \(what) (\(profile.after.counted("package")) then)")
            }
        }
        let carried = medium.deltas.reduce(0) { $0 + $1.packages.count + $1.built.count }
        lines.append(
            "  \(carried.counted("package")), \(packages), of \(medium.fullPackages) that these profiles have" + image)
        lines.append("signed by the key \(medium.key)" + (medium.nextKey.map { "; the next one is \($0)" } ?? ""))
        lines.append("proven: nothing is missing (\(medium.proven.joined(separator: ", ")))")
        if let notProven = medium.notProven { lines.append("\(style.warning("not proven:")) \(notProven)") }
        let digest = "sha256 \(medium.digest.hex)"
        let kind = medium.isImage ? digest : "its list of digests has \(digest)"
        return lines.map(TextLine.aside) + [.result("\(medium.shown)   \(medium.size)   \(kind)")]
    }

    private var packages: ByteCount { medium.deltas.reduce(.zero) { $0 + $1.size } }

    private var image: String { medium.fullImage.map { "; the whole image \($0.name) has \($0.size)" } ?? "" }

    var json: JSON? {
        .fields([
            "path": .string(medium.path.string), "image": .bool(medium.isImage), "size": .size(medium.size),
            "sha256": .string(medium.digest.hex),
            "from": Self.side(medium.from, medium.fromDigest), "to": Self.side(medium.to, medium.toDigest),
            "key": .string(medium.key), "next_key": medium.nextKey.map(JSON.string),
            "proven": .strings(medium.proven), "not_proven": medium.notProven.map(JSON.string),
            "full_packages": .size(medium.fullPackages), "full_image": medium.fullImage.map { .size($0.size) },
            "distributions": .list(medium.deltas) { delta in
                .fields([
                    "name": .string(delta.to.name), "architecture": .string(delta.to.architecture),
                    "packages": .count(delta.packages.count + delta.built.count), "size": .size(delta.size),
                    "profiles": .list(delta.profiles, Self.profile),
                ])
            },
        ])
    }

    private static func side(_ side: LockSide, _ digest: Digest) -> JSON {
        .fields([
            "name": .string(side.name), "kind": .string(side.kind.rawValue), "lock": .string(digest.hex),
        ])
    }

    private static func profile(_ profile: DistributionDelta.Profile) -> JSON {
        .fields([
            "name": .string(profile.name), "before": .count(profile.before), "after": .count(profile.after),
            "upgrade": .list(profile.upgrades) { upgrade in
                .fields([
                    "name": .string(upgrade.package.name), "architecture": .string(upgrade.package.architecture),
                    "from": .string(upgrade.from), "to": .string(upgrade.package.version),
                ])
            },
            "install": .list(profile.installs, Self.package), "remove": .list(profile.removals, Self.package),
        ])
    }

    private static func package(_ package: DistributionDelta.Package) -> JSON {
        .fields([
            "name": .string(package.name), "architecture": .string(package.architecture),
            "version": .string(package.version),
        ])
    }
}
