package import Locking

/// Fetches the signed indexes of a distribution and makes sure that they are what they claim: nothing that fails a check stays in the
/// store.
package struct SnapshotFetch: Sendable {
    private let family: any SnapshotFamily

    /// Of Debian packages; the native architecture comes first.
    package init(_ repositories: [APTRepositorySource], architectures: [String], access: ArchiveAccess) {
        family = APTSnapshotFetch(repositories: repositories, architectures: architectures, access: access)
    }

    /// Of RPM packages.
    package init(_ repositories: [RPMRepositorySource], architecture: String, access: ArchiveAccess) {
        family = RPMSnapshotFetch(repositories: repositories, architecture: architecture, access: access)
    }

    /// Today's state, with all indexes in the store. `floor` is what is locked, if anything: nothing goes back behind it.
    ///
    /// Throws `MirrorIsOlder` where the only state to be had would, `TooOld` where a repository is older than it may be;
    /// `ReleaseError`, `MetadataError`, `SignatureError`, `TransferErrors`, `NoGoodSource` and others that say which repository is not
    /// as it should be.
    package func latest(notBefore floor: LockedDistribution? = nil) async throws -> Snapshot {
        try await family.latest(notBefore: floor)
    }

    /// The state that `locked` names, its signatures checked again, with all indexes in the store. What the lock does not know yet
    /// is taken as it is today. `adding` adds today's state of everything to those that the lock has.
    ///
    /// Throws as `latest` does; `SnapshotGone` where nobody has a locked state any more, `MirrorIsOlder` where today's state would be
    /// older than a locked one.
    package func locked(_ locked: LockedDistribution, adding: Bool = false) async throws -> Snapshot {
        try await family.locked(locked, adding: adding)
    }

    /// Follows `locked` from the declared keys to each of its packages: who signed each Release file or repomd.xml, that it names each
    /// index, and that an index of its repository has each package just as the lock says. What of it the store does not have is
    /// fetched. With `isStale` the lock fits another declaration: what is of repositories and suites that are not declared is passed
    /// over.
    ///
    /// Throws what stands in the way of that, as `SignatureError` and `SnapshotGone`; lines that do not hold are in the result.
    package func verify(_ locked: LockedDistribution, isStale: Bool) async throws -> LockVerification {
        try await family.verify(locked, isStale: isStale)
    }
}
