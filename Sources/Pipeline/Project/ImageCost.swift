package import Declaration
package import Locking
package import Primitives

/// What the way from one lock to another weighs.
package struct ImageCost: Hashable, Sendable {
    /// A part of an image that is made of package files, and what they weigh together.
    package struct Part: Hashable, Sendable {
        /// "mirror of debian", "live system (packages)".
        package let name: String
        /// The files before and after, each counted once.
        package let before: ByteCount
        package let after: ByteCount
    }

    /// The package files that the second lock has and the first has not.
    package let download: ByteCount
    /// The parts of the image, in a fixed order. What is made of packages, and not of their files, is compressed anew: how much of
    /// it they take is known once it is made.
    package let parts: [Part]

    /// `carried` are the distributions and profiles that are on the image, `live` is what its live system is made of: before and after.
    package init(
        from old: Lock, carrying carried: [Declaration.Darksite], to new: Lock,
        carrying carriedNow: [Declaration.Darksite],
        live: (before: Declaration.InternalProfile, after: Declaration.InternalProfile)
    ) {
        func files(_ lock: Lock) -> [Digest: ByteCount] {
            Dictionary(lock.distributions.flatMap(\.packages).map { ($0.digest, $0.size) }) { first, _ in first }
        }
        func sum(_ lock: Lock, _ name: String, _ profiles: Set<String>) -> ByteCount {
            let packages = lock[name]?.packages.filter { !profiles.isDisjoint(with: $0.profiles) } ?? []
            return Dictionary(packages.map { ($0.digest, $0.size) }) { first, _ in first }.values.reduce(.zero, +)
        }
        func profiles(_ carried: [Declaration.Darksite], _ name: String) -> Set<String> {
            Set(carried.filter { $0.distribution == name }.flatMap(\.profiles))
        }
        let before = files(old)
        download = files(new).filter { before[$0.key] == nil }.values.reduce(.zero, +)
        let mirrors = Set((carried + carriedNow).map(\.distribution)).sorted().map { name in
            Part(
                name: "mirror of \(name)", before: sum(old, name, profiles(carried, name)),
                after: sum(new, name, profiles(carriedNow, name)))
        }
        let names = Set((old.distributions + new.distributions).map(\.name)).sorted()
        func liveSum(_ lock: Lock, _ profile: Declaration.InternalProfile) -> ByteCount {
            names.map { sum(lock, $0, [profile.rawValue]) }.reduce(.zero, +)
        }
        parts =
            mirrors + [
                Part(
                    name: "live system (package files)", before: liveSum(old, live.before),
                    after: liveSum(new, live.after))
            ]
    }
}
