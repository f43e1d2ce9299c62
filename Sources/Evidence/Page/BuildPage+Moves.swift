import BuildGraph
import ContentStore
import Darksites
import Locking
import Packages
import Primitives

extension BuildPage {
    /// What made the build run, and what is not in the image that was in the last one, or the other way round.
    var why: Markup {
        var content: Markup = ""
        if !build.causes.isEmpty {
            content += "<ul class=\"causes\">\(build.causes.map { "<li>\($0)</li>" as Markup }.joined())</ul>"
        }
        if let moves {
            content += moved(moves)
        } else if build.image != nil {
            content +=
                "<p class=\"aside\">No earlier image of this name is on record, so there is nothing to compare it with.</p>"
        }
        return Self.section("why", "Why it was built, and what moved", "", content)
    }

    private func moved(_ moves: Moves) -> Markup {
        let size = build.image?.blob.size ?? .zero
        let growth = Self.signed(size - moves.size)
        let distributions = moves.comparison.distributions.filter { $0.kind != .same }
        let since: Markup =
            "<p class=\"since\">Since <span class=\"file\">\(moves.image)</span>: <b class=\"num\">\(growth)</b></p>"
        guard !distributions.isEmpty else { return since + "<p>No package moved.</p>" }
        return since + distributions.map(moved).joined("\n")
    }

    private func moved(_ distribution: LockComparison.Distribution) -> Markup {
        let snapshots = distribution.snapshots.map { move -> Markup in
            let dates = "\(Self.day(move.from)) → \(Self.day(move.to))"
            return "<li>\(move.name.description) <span class=\"num\">\(dates)</span></li>"
        }
        let list: Markup = snapshots.isEmpty ? "" : "<ul class=\"archives\">\(snapshots.joined())</ul>"
        let kinds = MoveKind.allCases.compactMap { kind -> Markup? in
            let changes = distribution.changes.filter { MoveKind($0.change.kind) == kind }
            return changes.isEmpty ? nil : table(kind, changes)
        }
        let none: Markup = kinds.isEmpty ? "<p>No package moved.</p>" : ""
        return "<h3>\(distribution.name)</h3>\(list)\(none)\(kinds.joined("\n"))"
    }

    /// How many rows are shown before the others are folded away.
    private static let shown = 24

    private func table(_ kind: MoveKind, _ changes: [LockComparison.Change]) -> Markup {
        // By cause, those with one first; the package that a line asks for before what it brings along.
        var groups: [(cause: PackageChain.Origin?, changes: [LockComparison.Change])] = []
        for change in changes {
            if let same = groups.firstIndex(where: { $0.cause == change.cause }) {
                groups[same].changes.append(change)
            } else {
                groups.append((change.cause, [change]))
            }
        }
        groups = groups.filter { $0.cause != nil } + groups.filter { $0.cause == nil }
        let rows = groups.flatMap { group in group.changes.map { row($0, kind) } }
        let head: Markup =
            "<h4><span class=\"kind \(kind.colour)\">\(kind.rawValue)</span> <span class=\"num\">\(changes.count)</span></h4>"
        func table(_ rows: some Sequence<Markup>) -> Markup {
            "<table class=\"moves\"><tbody>\(rows.joined())</tbody></table>"
        }
        guard rows.count > Self.shown + 6 else { return head + table(rows) }
        return head + table(rows.prefix(Self.shown))
            + "<details><summary>\(rows.count - Self.shown) more</summary>\(table(rows.dropFirst(Self.shown)))</details>"
    }

    private func row(_ change: LockComparison.Change, _ kind: MoveKind) -> Markup {
        let versions: Markup =
            switch change.change.kind {
            case .added(let version), .removed(let version), .replaced(let version): "\(version)"
            case .upgraded(let old, let new), .downgraded(let old, let new): "\(old) → <b>\(new)</b>"
            }
        let cause: Markup = change.cause.map { "<span class=\"cause\">\($0.place) <i>\($0.name)</i></span>" } ?? ""
        let profiles = change.profiles.joined(separator: ", ")
        return
            "<tr><td class=\"package\">\(change.change.name)</td><td class=\"version\">\(versions)</td><td class=\"num\">\(Self.signed(change.change.growth))</td><td class=\"who\">\(profiles) \(cause)</td></tr>"
    }

    /// "+194 kB", "−8 MB", "±0 B".
    static func signed(_ size: ByteCount) -> String {
        if size.bytes == 0 { return "±0 B" }
        return size.bytes < 0 ? "−\(ByteCount(-size.bytes))" : "+\(size)"
    }

    private static func day(_ date: LockDate?) -> String { date.map { String("\($0)".prefix(10)) } ?? "none" }
}

/// What became of a package, in the order in which people want to know it.
private enum MoveKind: String, CaseIterable {
    case upgraded, added, removed, downgraded, replaced

    init(_ kind: LockDifference.Change.Kind) {
        self =
            switch kind {
            case .added: .added
            case .removed: .removed
            case .upgraded: .upgraded
            case .downgraded: .downgraded
            case .replaced: .replaced
            }
    }

    var colour: Markup {
        switch self {
        case .upgraded: "ran"
        case .added: "good"
        case .removed, .downgraded: "bad"
        case .replaced: "warn"
        }
    }
}
