import Primitives

/// What a profile line of the lock says of the profile's packages, so that a section whose lines were merged or edited is seen.
///
/// Two branches that change different profiles merge as they are. Where both change one profile, git reports a conflict in this
/// line at least, and whichever side is taken, the seal does not fit the merged packages: the profile is resolved again. A
/// snapshot that moved changes all seals.
struct LockSeal: Hashable {
    let count: Int
    let size: ByteCount
    /// The first 16 hexadecimal digits of a SHA-256 over the snapshots and indexes, and the profile's wishes and packages.
    let mark: String

    /// The seals of all profiles of `locked`, by name.
    static func all(of locked: LockedDistribution) -> [String: LockSeal] {
        var common = SealBytes()
        common.add([locked.architecture, locked.asked?.release ?? "", locked.asked?.codename ?? ""])
        switch locked.asked?.source {
        case .apt(let request):
            common.add(request.foreignArchitectures)
            for repository in request.repositories {
                common.add([repository.name] + repository.suites + ["/"] + repository.components)
                common.add(repository.keyring)
                if let files = repository.files { common.add(files) }
            }
            for pin in request.pins { common.add(["\(pin.priority)", pin.target] + pin.packages) }
        case .rpm(let request):
            common.add(["rpm"] + request.excludes + ["/"] + request.modules)
            for repository in request.repositories { common.add(repository.fields) }
        case nil: break
        }
        for snapshot in locked.snapshots {
            common.add([snapshot.repository, snapshot.suite ?? LockWriter.none])
            common.add(snapshot.digest)
        }
        for index in locked.indexes {
            common.add([index.path])
            common.add(index.digest)
        }
        var open: [String: Open] = [:]
        for profile in locked.profiles { open[profile] = Open(bytes: common) }
        for wish in locked.asked?.wishes ?? [] { open[wish.profile]?.bytes.add([wish.text]) }
        for package in locked.packages {
            var bytes = SealBytes()
            bytes.add([
                package.name, package.version, package.architecture, package.isEssential ? "essential" : "",
                package.repository, package.path,
            ])
            bytes.add(package.digest)
            for profile in package.profiles { open[profile]?.add(bytes, size: package.size) }
        }
        for built in locked.built {
            var bytes = SealBytes()
            bytes.add([built.name, built.version, built.architecture])
            for profile in built.profiles { open[profile]?.add(bytes, size: .zero) }
        }
        return open.mapValues { open in
            LockSeal(
                count: open.count, size: open.size, mark: String(Digest(of: open.bytes.bytes).hex.prefix(16)))
        }
    }

    /// A seal whose bytes are still being collected.
    private struct Open {
        var bytes: SealBytes
        var count = 0
        var size = ByteCount.zero

        mutating func add(_ package: SealBytes, size: ByteCount) {
            bytes.bytes += package.bytes
            count += 1
            self.size = self.size + size
        }
    }
}

/// Strings and digests in a row, each string with a NUL behind it, which no field of a lock holds.
private struct SealBytes {
    var bytes: [UInt8] = []

    mutating func add(_ strings: [String]) {
        for string in strings {
            bytes.append(contentsOf: string.utf8)
            bytes.append(0)
        }
    }

    mutating func add(_ digest: Digest?) {
        if let digest { bytes.append(contentsOf: digest.bytes) } else { bytes.append(0) }
    }
}
