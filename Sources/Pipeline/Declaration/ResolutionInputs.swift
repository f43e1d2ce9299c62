package import Darksites
import Primitives

extension Declaration {
    /// All of this declaration and its package sets that decides what `distribution` resolves to, as bytes to be digested:
    /// equal bytes, equal resolution from equal snapshots. The lock keeps the digest, so that a stale one is seen.
    ///
    /// `profiles` has the joined sets of each of ``profiles(of:)``. Not among it: mirrors (from where does not change
    /// what), comments, the order of lines, which set a line is in, and the keys of the keyrings, which the caller adds.
    package static func resolutionInputs(
        of distribution: Distribution, profiles: [String: PackageSetUnion]
    ) -> [UInt8] {
        var bytes = CanonicalBytes(format: "kldload resolution inputs 1")
        bytes.append("release", [distribution.release, distribution.codename, distribution.architecture])
        bytes.append("repositories", count: distribution.repositories.count)
        for repository in distribution.repositories {
            let isUnsigned = repository.trust == .unsigned
            bytes.append("repository", [repository.name, isUnsigned ? "unsigned" : "signed"])
            bytes.append("suites", repository.suites)
            bytes.append("components", repository.components)
        }
        bytes.append("pins", count: distribution.pins.count)
        for pin in distribution.pins {
            bytes.append("packages", pin.packages)
            switch pin.target {
            case .release(let conditions):
                bytes.append("release", conditions.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] })
            case .version(let version): bytes.append("version", [version])
            case .origin(let host): bytes.append("origin", [host])
            }
            bytes.append("priority", [String(pin.priority)])
        }
        bytes.append("profiles", count: profiles.count)
        for (name, union) in profiles.sorted(by: { $0.key < $1.key }) {
            bytes.append("profile", [name])
            bytes.append("entries", count: union.entries.count)
            for entry in union.entries { bytes.append("entry", entry.meaning) }
        }
        return bytes.bytes
    }
}

/// Values in a row that can be read in one way only: each string after its length, each list after its count.
private struct CanonicalBytes {
    private(set) var bytes: [UInt8] = []

    init(format: String) { append(format) }

    /// A list of strings under a name.
    mutating func append(_ tag: String, _ strings: [String]) {
        append(tag, count: strings.count)
        for string in strings { append(string) }
    }

    /// The beginning of a list under a name.
    mutating func append(_ tag: String, count: Int) {
        append(tag)
        append(count)
    }

    private mutating func append(_ string: String) {
        append(string.utf8.count)
        bytes.append(contentsOf: string.utf8)
    }

    /// Eight bytes, the highest first.
    private mutating func append(_ number: Int) {
        let number = UInt64(number)
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }
}
