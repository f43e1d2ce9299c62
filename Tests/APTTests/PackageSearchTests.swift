import Primitives
import Solver
import Testing

@testable import APT

@Suite struct PackageSearchTests {
    private static func find(_ words: String...) throws -> [String] {
        let universe = DebianUniverse(
            try MadeIndexes.table(
                [
                    "mc 4.8; Description: Midnight Commander\n a powerful file manager",
                    "libmc 1; description: bits of MC", "mc-data 4.8 all; Description: files for mc",
                    "nginx 1.26; Description: web server", "nginx 1.28; Description: newer web server",
                    "nothing 1", "c++-tools 1; Description: Über tools [all]",
                ], backports: ["nginx 2.0; Description: much newer web server"]))
        return universe.matches(WordSearch(words)).map { universe.short($0) }
    }

    @Test func exactNamesComeFirstThenBeginningsThenNamesThenSummaries() throws {
        #expect(try Self.find("mc") == ["mc 4.8", "mc-data 4.8", "libmc 1"])
        #expect(try Self.find("MC", "Files") == ["mc-data 4.8"], "all words, in any case")
        #expect(try Self.find("mander") == ["mc 4.8"])
    }

    @Test func onlyTheFirstLineOfADescriptionIsSearched() throws {
        #expect(try Self.find("manager").isEmpty)
        #expect(try Self.find("nothing") == ["nothing 1"], "no Description is an empty one")
    }

    @Test func onlyWhatWouldBeInstalledIsFound() throws {
        #expect(try Self.find("web") == ["nginx 1.28"])
    }

    @Test func aPatternIsForAWholeName() throws {
        #expect(try Self.find("mc*") == ["mc 4.8", "mc-data 4.8"])
        #expect(try Self.find("*mc", "bits") == ["libmc 1"])
        #expect(try Self.find("?inx").isEmpty)
        #expect(try Self.find("c++-tools") == ["c++-tools 1"], "plus signs mean themselves")
        #expect(try Self.find("Über") == ["c++-tools 1"])
    }
}
