import Primitives
import SystemPackage
import Testing

@testable import APT

@Suite("apt's order of names")
struct MentionOrderTests {
    /// Whether each name is met before each other one, by the alphabet: numbers depend on how a table came to be.
    private func comparisons(_ table: PackageTable) -> [Bool] {
        let names = (0..<Int32(table.names.count)).sorted { table.names.text($0) < table.names.text($1) }
        return names.flatMap { a in names.map { b in table.isMet(a, before: b) } }
    }

    @Test("is that of package, relations field by field, and what is provided")
    func order() throws {
        let table = try MadeIndexes.table([
            "a 1; Provides: z; Depends: e | d, f:any; Pre-Depends: c", "f 1", "d 1", "c 1", "e 1", "b 1",
        ])
        #expect(table.image.mentionRanks.isEmpty)
        let ranked = table.rankingMentions()
        let names = ranked.image.mentionRanks.indices.sorted {
            ranked.image.mentionRanks[$0] < ranked.image.mentionRanks[$1]
        }
        #expect(names.map { ranked.names.text(Int32($0)) } == ["a", "c", "e", "d", "z", "f", "b"])
        #expect(comparisons(ranked) == comparisons(table))
    }

    @Test("is the same asked for bit by bit, kept with a table, and after an index was added")
    func ranks() throws {
        // The first index mentions names that only the second one has; nobody means a name that is provided for any.
        let first = try MadeIndexes.index([
            "mailer 1; Depends: exim | postfix | smtpd", "other 1; Depends: late:any, unknown; Provides: x",
        ])
        let second = try MadeIndexes.index(["postfix 1; Provides: smtpd", "late 1; Provides: smtpd", "exim 2"])
        let whole = try PackageTable(
            [(first, MadeIndexes.stable), (second, MadeIndexes.stable)], architecture: "amd64")
        let part = try PackageTable([(first, MadeIndexes.stable)], architecture: "amd64").rankingMentions()
        let added = try part.adding(second, origin: MadeIndexes.stable)
        let expected = comparisons(whole)
        #expect(expected.contains(true))
        #expect(comparisons(whole.rankingMentions()) == expected)
        #expect(comparisons(added) == expected)
        #expect(comparisons(added.rankingMentions()) == expected)
    }

    @Test("is part of what is kept of indexes, and read from there")
    func kept() throws {
        let status = try Files.read("/var/lib/dpkg/status")
        let folder = try ParsedFolder([status, Array(MadeIndexes.stanzas(["a 1; Depends: bash, b", "b 1"]).utf8)])
        let (fresh, made) = (try folder.fresh(), try folder.table())
        let known = try #require(folder.known())
        let ranks = Array(known.image.mentionRanks)
        #expect(ranks.count == known.names.count && Array(made.image.mentionRanks) == ranks)
        #expect(fresh.image.mentionRanks.isEmpty)
        var lazy = MentionOrder(nameCount: fresh.names.count)
        var random = SplitMix64(seed: 3)
        for _ in 0..<20_000 {
            let (a, b) = (
                Int32.random(in: 0..<Int32(ranks.count), using: &random),
                Int32.random(in: 0..<Int32(ranks.count), using: &random)
            )
            #expect(known.isMet(a, before: b) == lazy.isEarlier(a, b, in: fresh))
        }
        let extra = try MadeIndexes.index(["c 1; Provides: b"], source: "extra")
        for _ in 0..<2 {
            let extended = try folder.parsed.table(
                known, of: folder.indexes, adding: extra, origin: MadeIndexes.stable)
            #expect(extended.image.mentionRanks.count == extended.names.count)
        }
    }

    @Test("counts only where there is a rank for each name")
    func counts() throws {
        let image = try MadeIndexes.table(["a 1", "b 1"]).image
        #expect(image.adding(mentionRanks: [1]) == nil)
        #expect(image.adding(mentionRanks: [1, 2, 3]) == nil)
        #expect(image.adding(mentionRanks: [2, 1]).map { Array($0.mentionRanks) } == [2, 1])
    }
}
