import Primitives
import Transfer

/// A locked state of a repository that neither the store, nor any mirror, nor a snapshot service has any more.
package struct SnapshotGone: UserError {
    let snapshot: LockedSnapshot
    /// A line for each place that was asked.
    let tried: [String]
    let hasService: Bool

    package var what: String {
        """
        \(snapshot.repository) \(snapshot.suite): the snapshot of \(snapshot.date) in deploy.lock is gone from the store and \
        from all mirrors
        """
    }
    package var details: [String] { tried }
    package var hint: String? { GoneHint(withoutService: hasService ? [] : [snapshot.repository]).text }
}

/// A mirror that has a newer state of a suite than the locked one, or an older one.
struct AnotherSnapshot: UserError {
    var what: String { "it has another state of the suite" }
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
        \(known.repository) \(known.suite): the mirror's state of \(found) is older than the locked one of \(known.date)
        """
    }
    package var hint: String? { "try another mirror; `deploy update` without packages takes it all the same" }
}
