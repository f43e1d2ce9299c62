package import Primitives

/// What stays in a store when room is made in it.
package struct KeepRule: Sendable {
    /// Blobs that stay in any case: those that a lock names.
    package var blobs: Set<Digest> = []
    /// Runs that stay in any case, with all that they read and made.
    package var needed: Set<StepKey> = []
    /// The runs of the last so many builds stay, beside the last run of each step, with all they read and made; of the run before that
    /// one, and of the builds that are kept on record, what is asked about. The rest goes. Nil: everything stays, as far as `limit`
    /// has room for it.
    package var builds: Int?
    /// How large the store may be: beyond that, what was used longest ago goes first. Nil: as large as it likes.
    package var limit: ByteCount?
    /// What the store has beside blobs and counts, too.
    package var beside = ByteCount.zero

    package init() {}
}

/// What goes out of a store, before it does.
package struct Removal: Sendable {
    /// Runs that are forgotten.
    package let runs: [StepKey]
    /// Blobs that are removed.
    package let blobs: [Digest]
    /// What the disk gets back: blobs that have a name elsewhere too, such as a published image, give nothing.
    package let freed: ByteCount
    /// The size of the store afterwards.
    package let left: ByteCount
    /// What of that the rule keeps in any case.
    package let needed: ByteCount
    /// Whether records that can't be read go, too.
    let forgetsUnreadable: Bool
}
