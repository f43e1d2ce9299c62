import Packages
import Primitives

extension BillOfMaterials {
    /// The bill as an SPDX 2.3 document in JSON (https://spdx.github.io/spdx-spec/v2.3/). Equal bills give equal bytes.
    package var spdx: [UInt8] {
        let image = JSON.object([
            ("SPDXID", .string("SPDXRef-image")), ("name", .string(name)), ("versionInfo", .string("\(date)")),
            ("downloadLocation", .string("NOASSERTION")), ("filesAnalyzed", .bool(false)),
            ("primaryPackagePurpose", .string("INSTALL")), ("licenseConcluded", .string("NOASSERTION")),
            ("licenseDeclared", .string("NOASSERTION")), ("copyrightText", .string("NOASSERTION")),
        ])
        var relationships = [Self.relationship("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-image")]
        relationships += packages.map {
            Self.relationship("SPDXRef-image", "CONTAINS", "SPDXRef-\($0.identifier)")
        }
        for (package, needs) in dependencies {
            relationships += needs.map { Self.relationship("SPDXRef-\(package)", "DEPENDS_ON", "SPDXRef-\($0)") }
        }
        var references: [String: String] = [:]
        for package in packages { references.merge(package.facts.licence?.references ?? [:]) { first, _ in first } }
        let extracted = references.sorted { $0.key < $1.key }.map { id, words in
            JSON.object([
                ("licenseId", .string(id)), ("name", .string(words)),
                (
                    "extractedText",
                    .string(
                        "The package names it so: \(words). The text is in the package, /usr/share/doc/NAME/copyright.")
                ),
            ])
        }
        let document = JSON.object([
            ("spdxVersion", .string("SPDX-2.3")), ("dataLicense", .string("CC0-1.0")),
            ("SPDXID", .string("SPDXRef-DOCUMENT")), ("name", .string(name)),
            ("documentNamespace", .string("https://spdx.org/spdxdocs/\(name)-\(digest.hex)")),
            (
                "creationInfo",
                .object([
                    ("created", .string("\(date)")),
                    ("creators", .array([.string("Tool: kldload-deploy-\(toolVersion)")])),
                ])
            ),
            ("documentDescribes", .array([.string("SPDXRef-image")])),
            ("packages", .array([image] + packages.map(Self.spdx))),
            ("hasExtractedLicensingInfos", .array(extracted)),
            ("relationships", .array(relationships)),
        ])
        return document.bytes + [UInt8(ascii: "\n")]
    }

    private static func relationship(_ subject: String, _ kind: String, _ object: String) -> JSON {
        .object([
            ("spdxElementId", .string(subject)), ("relationshipType", .string(kind)),
            ("relatedSpdxElement", .string(object)),
        ])
    }

    private static func spdx(_ package: Package) -> JSON {
        let checksum = JSON.object([
            ("algorithm", .string("SHA256")), ("checksumValue", .string(package.digest.hex)),
        ])
        let reference = JSON.object([
            ("referenceCategory", .string("PACKAGE-MANAGER")), ("referenceType", .string("purl")),
            ("referenceLocator", .string(package.url)),
        ])
        let optional: [(String, String?)] = [
            ("homepage", package.homepage), ("sourceInfo", package.sourceInfo), ("comment", package.comment),
        ]
        return .object(
            [
                ("SPDXID", .string("SPDXRef-\(package.identifier)")), ("name", .string(package.name)),
                ("versionInfo", .string(package.version)), ("supplier", .string(supplier(of: package))),
                ("downloadLocation", .string("NOASSERTION")), ("filesAnalyzed", .bool(false)),
                ("checksums", .array([checksum])), ("licenseConcluded", .string("NOASSERTION")),
                ("licenseDeclared", .string(package.facts.licence?.expression ?? "NOASSERTION")),
                ("copyrightText", .string("NOASSERTION")), ("externalRefs", .array([reference])),
            ] + optional.compactMap { name, value in value.map { (name, .string($0)) } })
    }

    /// SPDX 2.3, 7.5: `Organization: NAME (MAIL)` or `Person: …`. Which of both a maintainer is, only words in the name tell.
    private static func supplier(of package: Package) -> String {
        guard let text = package.facts.supplier, !text.isEmpty else { return "NOASSERTION" }
        let parts = text.split(separator: "<", maxSplits: 1).map(String.init)
        let name = parts[0].split(separator: " ").joined(separator: " ").filter { !"()\"".contains($0) }
        let mail = parts.count > 1 ? String(parts[1].prefix { $0 != ">" && $0 != " " }) : ""
        let isPerson =
            package.family == .apt
            && !["team", "group", "maintainers", "developers", "debian", "project", "ubuntu", "kldload"].contains {
                name.lowercased().contains($0)
            }
        return "\(isPerson ? "Person" : "Organization"): \(name)" + (mail.isEmpty ? "" : " (\(mail))")
    }
}

extension BillOfMaterials.Package {
    /// "built from source package bash 5.2.37-2; fetched as debian pool/main/b/bash/bash_5.2.37-2_amd64.deb"
    fileprivate var sourceInfo: String? {
        let source = facts.source.map { "built from source package \($0) \(facts.sourceVersion ?? version)" }
        let parts = [source, file.map { "fetched as \($0)" } ?? "made by this build"].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }

    /// What asked for it, a line each.
    fileprivate var comment: String? { origins.isEmpty ? nil : origins.map(\.line).joined(separator: "\n") }
}
