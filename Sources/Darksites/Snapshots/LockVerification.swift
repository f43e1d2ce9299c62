import Locking
import Packages
package import Primitives

/// What following a lock from the declared keys to its packages came to.
package struct LockVerification: Sendable {
    var faults: [ChainFault] = []
    /// What the person should know, a sentence each; the lock is good all the same.
    package var notices: [String] = []
    /// Whether the lock fits another declaration: what that no longer has is passed over.
    let isStale: Bool
    /// The repositories of which nothing can be looked at; in a lock that is stale that is no fault.
    var passedOver: Set<String> = []

    init(isStale: Bool) { self.isStale = isStale }

    func passesOver(_ repository: String) -> Bool { isStale && passedOver.contains(repository) }

    /// The packages that are to be looked at.
    func packages(of locked: LockedDistribution) -> [LockedPackage] {
        locked.packages.filter { !passesOver($0.repository) }
    }

    /// `snapshot` is locked, and the declaration has no such `thing`: "suite".
    mutating func passOver(undeclared snapshot: LockedSnapshot, _ thing: String) {
        passedOver.insert(snapshot.repository)
        guard !isStale else { return }
        faults.append(
            ChainFault(
                subject: .snapshot(snapshot), what: "\(snapshot.shown) is locked, and deploy.yaml has no such \(thing)")
        )
    }

    /// Holds what is locked to what the signed file says.
    mutating func compare(_ snapshot: LockedSnapshot, with signed: LockedSnapshot) {
        guard signed != snapshot else { return }
        faults.append(
            ChainFault(
                subject: .snapshot(snapshot),
                what: """
                    \(snapshot.shown): the signed state is of \(signed.date) and has \(signed.size.bytes) bytes, \
                    not of \(snapshot.date) with \(snapshot.size.bytes)
                    """))
    }

    /// No signed `file` ("repomd.xml") names `index`.
    mutating func addUnnamed(_ index: LockedIndex, by file: String) {
        faults.append(
            ChainFault(
                subject: .index(index),
                what: """
                    \(index.repository): no locked \(file) names the index \(index.path) with \(index.size.bytes) bytes and \
                    the digest \(index.digest.hex)
                    """, mayBeMerged: true))
    }

    /// Throws `BrokenChain` where a line is not borne out; with `isMerged`, those are left out that a merge may have left behind,
    /// and returned as sentences: they are not used, but resolved again.
    package func check(
        _ distribution: String, places: LockPlaces?, isMerged: Bool
    ) throws(BrokenChain) -> [String] {
        let serious = isMerged ? faults.filter { !$0.mayBeMerged } : faults
        guard serious.isEmpty else { throw BrokenChain(faults: serious, distribution: distribution, places: places) }
        return faults.map { fault in
            let place = places?.location(of: fault.subject, in: distribution).map { "\($0): " } ?? ""
            return "\(place)\(fault.what); it is resolved again"
        }
    }

    /// What a verified section is kept under: all that it says, the keys among it (`LockedRequest`), which are those of the
    /// declaration where the section fits that. `section` are its lines, as `LockPlaces.section` finds them.
    package static func name(of section: ArraySlice<UInt8>) -> String { "\(digest(of: section).hex)-lock" }

    /// What that name begins with.
    package static func digest(of section: ArraySlice<UInt8>) -> Digest {
        var hasher = SHA256Hasher()
        hasher.update(Array("verified \(version)\n".utf8))
        section.withUnsafeBytes { hasher.update($0) }
        return hasher.finalize()
    }

    /// Raised with what is verified, so that what was kept before does not count any more.
    private static let version = 1

    /// Says what became of the signed files since they were locked.
    mutating func note(_ snapshot: LockedSnapshot, expiredSigner: String?, validUntil: Int64?, now: Int64) {
        if let expiredSigner {
            notices.append(
                "\(snapshot.shown): \(expiredSigner) signed the locked state of \(snapshot.date) with a key that has expired since; it counts, as it did then"
            )
        } else if let validUntil, validUntil < now {
            notices.append(
                "\(snapshot.shown): the locked state of \(snapshot.date) was valid until \(LockDate(secondsSince1970: validUntil)); it stays as it is until `deploy update`"
            )
        }
    }
}
