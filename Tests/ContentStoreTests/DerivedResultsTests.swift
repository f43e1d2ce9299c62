import ContentStore
import Primitives
import SystemPackage
import Testing

@Suite struct DerivedResultsTests {
    let folder: StoreFolder
    let kind = DerivedResults.Kind("sums")
    var root: FilePath { folder.root.appending("derived") }

    init() throws { folder = try StoreFolder() }

    @Test func whatWasKeptIsThereUntilSomebodyRemovesIt() throws {
        let derived = DerivedResults(root: root)
        #expect(derived.bytes("a", of: kind) == nil)
        derived.keep([1], as: "a", of: kind)
        #expect(DerivedResults(root: root).bytes("a", of: kind) == [1])
        #expect(derived.bytes("a", of: DerivedResults.Kind("others")) == nil)
        try Files.remove(root)
        #expect(derived.bytes("a", of: kind) == nil)
        derived.keep([2], as: "a", of: kind)
        #expect(derived.bytes("a", of: kind) == [2])
    }

    @Test func whatCannotBeKeptIsDoneWithout() throws {
        _ = try folder.file("derived", "no folder")
        let derived = DerivedResults(root: root, taking: [kind], from: folder.root)
        derived.keep([1], as: "a", of: kind)
        #expect(derived.bytes("a", of: kind) == nil)
        #expect(try derived.files(of: kind) { _ in false }.isEmpty)
    }

    @Test func whatNobodyNamesIsFoundWithItsSize() throws {
        let derived = DerivedResults(root: root)
        for name in ["a", "b"] { derived.keep([1, 2, 3], as: name, of: kind) }
        let others = try derived.files(of: kind) { $0 == "b" }
        #expect(others == [derived.folder(kind).appending("a")])
        #expect(try DerivedResults.size(of: others) == ByteCount(3) && derived.size() == ByteCount(6))
    }

    @Test func whatOlderVersionsHadElsewhereIsTakenOnce() throws {
        for text in ["old", "older"] {
            _ = try folder.file("cache/sums/a", text)
            let derived = DerivedResults(root: root, taking: [kind], from: folder.root.appending("cache"))
            #expect(derived.bytes("a", of: kind) == Array("old".utf8))
        }
    }
}
