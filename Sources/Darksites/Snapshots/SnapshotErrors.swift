import APT
import Locking
import Packages
package import Primitives
import Transfer

/// A locked state of a repository that neither the store, nor any mirror, nor a snapshot service has any more.
package struct SnapshotGone: UserError {
    let snapshot: LockedSnapshot
    /// A line for each place that was asked.
    let tried: [String]
    /// Whether a snapshot service would help, and none is declared.
    let isWithoutService: Bool
    /// Of the snapshot in the lock, where the lock is a file.
    package var location: SourceLocation?

    /// The same, with the place of the snapshot in the lock.
    package func located(in places: LockPlaces?, of distribution: String) -> SnapshotGone {
        var error = self
        error.location = places?.location(of: .snapshot(snapshot), in: distribution)
        return error
    }

    package var what: String {
        """
        \(snapshot.shown): the snapshot of \(snapshot.date) in deploy.lock is gone from the store and \
        from all mirrors
        """
    }
    package var details: [String] { tried }
    package var hint: String? {
        GoneHint(withoutService: isWithoutService ? [snapshot.repository] : []).text
    }
}

/// A mirror that has a newer state than the locked one, or an older one.
struct AnotherSnapshot: UserError {
    let known: LockedSnapshot
    var what: String {
        "it has another state of the \(known.suite == nil ? "repository" : "suite")"
    }
}

/// Several places that may have the signed file of a suite, and none that has one to take.
struct NoGoodSource: UserError {
    struct Refusal {
        let address: String
        let error: any UserError
    }

    let name: String
    let refusals: [Refusal]
    /// Of the places that did not give the file.
    let transfer: TransferErrors?

    /// Whether nothing is wrong with any place but that it does not have the file.
    var isGone: Bool { refusals.allSatisfy { $0.error is AnotherSnapshot } && transfer?.isMissing != false }

    var what: String { "\(name): no mirror has an index that can be taken" }
    var details: [String] {
        refusals.flatMap { refusal in
            ["\(refusal.address): \(refusal.error.what)"] + refusal.error.details.map { "    \($0)" }
        } + (transfer?.details ?? [])
    }
    var hint: String? { refusals.lazy.compactMap(\.error.hint).first ?? transfer?.hint }
}

/// Today's state of a suite is older than a locked one: a mirror that stopped updating, or somebody who wants old packages.
package struct MirrorIsOlder: UserError {
    let known: LockedSnapshot
    let found: LockDate

    package var what: String {
        """
        \(known.shown): the mirror's state of \(found) is older than the locked one of \(known.date)
        """
    }
    package var hint: String? { "try another mirror; to go back on purpose: --allow-older \(known.allowanceName)" }
}

/// Today's state of a repository is older than it may be: a mirror that stopped updating, or a repository that did.
struct TooOld: UserError {
    /// Those of the repository's suites.
    let states: [LockedSnapshot]
    let newest: LockedSnapshot
    /// In seconds.
    let limit: Int64
    let now: Int64

    var what: String {
        let age = RepositoryDate.span(now - newest.date.secondsSince1970)
        return "\(newest.repository): its newest state is \(age) old, and max-age is \(RepositoryDate.span(limit))"
    }
    var details: [String] { states.map { "\($0.shown): \($0.date)" } }
    var hint: String? {
        """
        try another mirror; if nothing newer exists: --allow-older \(newest.allowanceName), or max-age: any in deploy.yaml
        """
    }
}

/// A Release file whose Valid-Until has passed.
struct ExpiredRelease: UserError {
    let error: ReleaseError
    /// What the flag names it by.
    let name: String

    var what: String { error.what }
    var hint: String? {
        """
        the mirror is no longer updated, or this machine's clock is wrong (`date`): try another mirror; \
        to take it all the same, as from a snapshot of an archive: --allow-expired \(name)
        """
    }
}

/// An index that is not the locked one any more: the repository was published anew.
struct IndexGone: UserError {
    let transfer: TransferErrors
    let repositories: [String]
    let withoutService: [String]

    var what: String {
        "\(repositories.joined(separator: ", ")): no mirror has the locked index any more; what is there now is another one"
    }
    var details: [String] { transfer.details }
    var hint: String? { GoneHint(withoutService: withoutService).text }
}

/// A repomd.xml that its metalink does not know, or knows as an older one.
struct NotInMetalink: UserError {
    let name: String
    /// Whether it is a good one that was superseded.
    let isOlder: Bool

    var what: String {
        isOlder
            ? "\(name): the metalink knows a newer repomd.xml"
            : "\(name): its repomd.xml is none of those that the metalink knows"
    }
    var hint: String? { "a mirror that is not up to date, or one that somebody changed; another one may be good" }
}

/// A repository that only its metalink vouches for, and which does not.
struct NobodyVouches: UserError {
    enum Problem {
        case noMetalink
        /// Its address.
        case notSecure(String)
    }

    let name: String
    let problem: Problem

    var what: String {
        switch problem {
        case .noMetalink: "\(name): its metalink vouches for it, and there is none"
        case .notSecure(let url): "\(name): its metalink did not come over https, so it vouches for nothing: \(url)"
        }
    }
    var hint: String? {
        """
        metalink: https://… in deploy.yaml; or keys: [FILE], whose signature repomd.xml.asc has, instead of vouched-by; \
        or unsigned: true, which trusts everybody
        """
    }
}

/// An index that is not what the signed file says, wherever it was had.
struct WrongIndex: UserError {
    let name: String
    /// "repomd.xml"
    let statement: String
    /// "sha512"
    let kind: String
    /// Addresses.
    let tried: [String]

    var what: String { "\(name) is not what \(statement) says of it (wrong \(kind))" }
    var details: [String] { tried }
    var hint: String? { "the mirror is being updated, or damaged: try again later, or another mirror" }
}

/// A suite of which there is neither InRelease nor Release.
struct NoRelease: UserError {
    /// "acme stable"
    let name: String
    /// Of the suite, below the repository's address.
    let folder: String
    let isUnsigned: Bool
    let transfer: TransferErrors

    var what: String { "\(name) has no Release file" }
    var details: [String] { transfer.details }
    var hint: String? {
        let address = transfer.files.first?.sources.first?.url ?? ""
        let file = address.hasPrefix("file://") ? address.dropFirst(7).split(separator: "/").dropLast() : []
        let place = file.isEmpty ? "" : "cd /\(file.joined(separator: "/")) && "
        let make = "a repository of your own gets one by `\(place)apt-ftparchive release . > Release`"
        return isUnsigned
            ? "\(make); .debs without a repository: `packages: [./debs/*.deb]` in the place of mirrors and suites"
            : "look at the repository's mirrors and suites in deploy.yaml; \(make), and signs it"
    }
}

/// A foreign architecture that no repository has anything for.
struct NoSuchArchitecture: UserError {
    let architecture: String
    /// "debian trixie"
    let suites: [String]

    var what: String { "no repository has packages for \(architecture)" }
    var details: [String] { suites.map { "\($0) lists none" } }
    var hint: String? { "foreign-architectures in deploy.yaml names it" }
}
