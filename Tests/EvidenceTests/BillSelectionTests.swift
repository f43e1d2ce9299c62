import Evidence
import Locking
import Packages
import Primitives
import Testing

/// The bill of one profile, out of that of an image.
@Suite struct BillSelectionTests {
    private static func digest(_ name: String) -> Digest { Digest(of: name.utf8) }

    private static func package(_ name: String, needs: [String] = []) -> BillOfMaterials.Package {
        BillOfMaterials.Package(
            distribution: "debian", family: .apt, release: "", name: name, version: "1", architecture: "amd64",
            digest: digest(name), size: ByteCount(1), file: nil, facts: PackageFacts(), profiles: [], origins: [],
            needs: Set(needs.map { BillOfMaterials.Name(name: $0, version: "1", architecture: "amd64") }))
    }

    private static func locked(_ name: String, _ profiles: [String]) -> LockedPackage {
        LockedPackage(
            name: name, version: "1", architecture: "amd64", profiles: profiles, isEssential: false,
            size: ByteCount(1), repository: "made", path: name, digest: digest(name))
    }

    private let bill = BillOfMaterials(
        name: "iso", date: LockDate(secondsSince1970: 0), toolVersion: "1",
        packages: [package("libc"), package("tool", needs: ["libc", "extra"]), package("extra", needs: ["libc"])])

    private let selection = BillSelection(
        of: LockedDistribution(
            name: "debian", family: .apt, architecture: "amd64", asked: nil, snapshots: [], indexes: [],
            packages: [
                locked("libc", ["core", "server"]), locked("tool", ["core"]), locked("extra", ["server"]),
            ]), profile: "core", name: "golden")

    private func document(_ bill: [UInt8]) throws -> JSON {
        let text = try #require(selection.document(bill))
        return try #require(JSON(parsing: text))
    }

    private func elements(_ value: JSON?) -> [JSON] {
        guard case .array(let elements)? = value else { return [] }
        return elements
    }

    @Test func spdxHasThePackagesOfTheProfileAlone() throws {
        let document = try document(bill.spdx)
        #expect(elements(document["packages"]).map { $0["name"]?.string } == ["golden", "libc", "tool"])
        let known = Set(elements(document["packages"]).compactMap { $0["SPDXID"]?.string } + ["SPDXRef-DOCUMENT"])
        let ends = elements(document["relationships"]).flatMap { [$0["spdxElementId"], $0["relatedSpdxElement"]] }
        #expect(!ends.isEmpty && ends.allSatisfy { $0?.string.map(known.contains) == true })
        #expect(document["name"]?.string == "golden")
        #expect(document["documentNamespace"]?.string != JSON(parsing: bill.spdx)?["documentNamespace"]?.string)
    }

    @Test func cycloneDXHasThePackagesOfTheProfileAlone() throws {
        let document = try document(bill.cycloneDX)
        #expect(elements(document["components"]).map { $0["name"]?.string } == ["libc", "tool"])
        let needs = elements(document["dependencies"]).map {
            [$0["ref"]?.string] + elements($0["dependsOn"]).map(\.string)
        }
        #expect(needs.flatMap { $0 }.allSatisfy { $0?.contains("extra") == false })
        #expect(document["metadata"]?["component"]?["name"]?.string == "golden")
        #expect(document["serialNumber"]?.string != JSON(parsing: bill.cycloneDX)?["serialNumber"]?.string)
    }

    @Test(arguments: ["", "{}", "[1]", "{\"name\": 1}"]) func otherDocumentsAreNoBills(text: String) {
        #expect(selection.document(Array(text.utf8)) == nil)
    }
}
