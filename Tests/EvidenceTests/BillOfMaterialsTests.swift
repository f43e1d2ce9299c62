import Evidence
import Packages
import Primitives
import Testing

/// What a bill says of how its packages belong together.
@Suite struct BillOfMaterialsTests {
    private static func package(
        _ name: String, of distribution: String = "debian", needs: [String] = []
    ) -> BillOfMaterials.Package {
        BillOfMaterials.Package(
            distribution: distribution, family: .apt, release: "", name: name, version: "1", architecture: "amd64",
            digest: Digest(of: "\(distribution) \(name)".utf8), size: ByteCount(1), file: nil, facts: PackageFacts(),
            profiles: ["core"], origins: [],
            needs: Set(needs.map { BillOfMaterials.Name(name: $0, version: "1", architecture: "amd64") }))
    }

    /// Of two distributions that both have a libc; one package depends on something that is not on the image.
    private let bill = BillOfMaterials(
        name: "image", date: LockDate(secondsSince1970: 0), toolVersion: "1",
        packages: [
            package("libc"), package("tool", needs: ["libc", "elsewhere"]), package("libc", of: "other"),
            package("tool", of: "other", needs: ["libc"]),
        ])

    private func elements(_ value: JSON?) -> [JSON] {
        guard case .array(let elements)? = value else { return [] }
        return elements
    }

    @Test func whatAPackageDependsOnIsThatOfItsOwnDistribution() throws {
        let spdx = try #require(JSON(parsing: bill.spdx))
        let names = Dictionary(
            uniqueKeysWithValues: elements(spdx["packages"]).map { ($0["SPDXID"]?.string ?? "", $0["name"]?.string) })
        let relations = elements(spdx["relationships"]).filter { $0["relationshipType"]?.string == "DEPENDS_ON" }
        let pairs = relations.map { [$0["spdxElementId"]?.string ?? "", $0["relatedSpdxElement"]?.string ?? ""] }
        #expect(pairs.map { $0.map { names[$0] } } == [["tool", "libc"], ["tool", "libc"]])
        #expect(pairs.map { $0.map { $0.hasPrefix("SPDXRef-debian-") } } == [[true, true], [false, false]])

        let cycloneDX = try #require(JSON(parsing: bill.cycloneDX))
        let dependencies = elements(cycloneDX["dependencies"]).map { dependency in
            [dependency["ref"]?.string] + elements(dependency["dependsOn"]).map(\.string)
        }
        #expect(dependencies == pairs.map { $0.map { String($0.dropFirst("SPDXRef-".count)) } })
    }
}
