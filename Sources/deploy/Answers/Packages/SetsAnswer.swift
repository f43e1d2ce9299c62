import Darksites
import Pipeline
import Primitives

/// What each profile and each package set weighs, of one distribution or several.
struct SetsAnswer: Answer {
    let distributions: [(sizes: ProfileSizes, ground: QuestionGround)]

    init(_ distributions: [(sizes: ProfileSizes, ground: QuestionGround)]) { self.distributions = distributions }

    func text(_ style: Style) -> [TextLine] {
        distributions.enumerated().flatMap { index, entry in
            let gap = index > 0 ? [""] : []
            return entry.ground.asides
                + .results(gap + SetsText(entry.sizes, entry.ground, style: style).lines)
        }
    }

    var json: JSON? { .fields(["distributions": .list(distributions, Self.distribution)]) }

    private static func distribution(_ sizes: ProfileSizes, _ ground: QuestionGround) -> JSON {
        .fields([
            "distribution": .string(sizes.distribution), "locked": .bool(ground.isLocked),
            "stale": .bool(ground.isStale), "total": load(sizes.total), "profiles": .list(sizes.profiles, profile),
            "sets": .list(sizes.sets, set),
        ])
    }

    private static func load(_ load: ProfileSizes.Load) -> JSON {
        .fields([
            "packages": .count(load.packages), "download": .size(load.download), "installed": .size(load.installed),
        ])
    }

    private static func profile(_ profile: ProfileSizes.Profile) -> JSON {
        let shared = profile.shared.map { JSON.fields(["with": .string($0.with), "load": load($0.load)]) }
        return .fields([
            "name": .string(profile.name), "internal": .bool(ProfileNames.isInternal(profile.name)),
            "sets": .strings(profile.sets), "total": load(profile.total), "own": load(profile.own),
            "shared": .array(shared), "heaviest": .list(profile.heaviest, heavy),
        ])
    }

    private static func heavy(_ heavy: ProfileSizes.Heavy) -> JSON {
        .fields([
            "package": .string(heavy.name), "version": .string(heavy.version), "download": .size(heavy.download),
            "installed": .size(heavy.installed), "origin": .origin(heavy.chain.origin),
            "first": .string(heavy.chain.first), "links": .list(heavy.chain.links, JSON.link),
        ])
    }

    private static func set(_ set: ProfileSizes.Set) -> JSON {
        .fields([
            "name": .string(set.name), "file": .string(set.file), "profiles": .strings(set.profiles),
            "lines": .count(set.lines), "only": load(set.only),
        ])
    }
}
