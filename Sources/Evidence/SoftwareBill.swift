package import Declaration
package import Locking
import Packages
import Primitives

/// What an image is made of, as an SPDX 2.3 document (https://spdx.github.io/spdx-spec/v2.3/).
package struct SoftwareBill {
    let lock: Lock
    let declaration: Declaration

    package init(lock: Lock, declaration: Declaration) {
        self.lock = lock
        self.declaration = declaration
    }

    /// The document, in JSON. The same lock and declaration give the same bytes.
    package var json: [UInt8] {
        let epoch = lock.epoch ?? LockDate(secondsSince1970: 0)
        let name =
            "kldload-\(declaration.iso.edition)-\(declaration.iso.distribution)-\(declaration.iso.profile)-\(epoch.day)"
        var packages: [JSON] = []
        for distribution in lock.distributions {
            let carried = declaration.iso.darksites.first { $0.distribution == distribution.name }?.profiles ?? []
            let onImage = Set(carried + [Declaration.InternalProfile.live.rawValue])
            for package in distribution.packages where !onImage.isDisjoint(with: package.profiles) {
                let checksum = JSON.object([
                    ("algorithm", .string("SHA256")), ("checksumValue", .string(package.digest.hex)),
                ])
                packages.append(
                    entry(
                        distribution, package.name, package.version, package.architecture,
                        [("checksums", .array([checksum]))]))
            }
            for package in distribution.built where !onImage.isDisjoint(with: package.profiles) {
                packages.append(entry(distribution, package.name, package.version, package.architecture, []))
            }
        }
        let document = JSON.object([
            ("spdxVersion", .string("SPDX-2.3")), ("dataLicense", .string("CC0-1.0")),
            ("SPDXID", .string("SPDXRef-DOCUMENT")),
            ("name", .string(name)), ("documentNamespace", .string("https://spdx.org/spdxdocs/\(name)")),
            (
                "creationInfo",
                .object([("created", .string("\(epoch)")), ("creators", .array([.string("Tool: kldload-deploy")]))])
            ),
            ("packages", .array(packages)),
        ])
        return document.bytes + [UInt8(ascii: "\n")]
    }

    private func entry(
        _ distribution: LockedDistribution, _ name: String, _ version: String, _ architecture: String,
        _ more: [(String, JSON)]
    ) -> JSON {
        let id = "SPDXRef-\(distribution.name)-\(name)-\(version)-\(architecture)".utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."):
                byte
            default: UInt8(ascii: "-")
            }
        }
        let reference = JSON.object([
            ("referenceCategory", .string("PACKAGE-MANAGER")), ("referenceType", .string("purl")),
            ("referenceLocator", .string(Self.packageURL(distribution, name, version, architecture))),
        ])
        return .object(
            [
                ("SPDXID", .string(String(decoding: id, as: UTF8.self))), ("name", .string(name)),
                ("versionInfo", .string(version)),
                ("downloadLocation", .string("NOASSERTION")), ("filesAnalyzed", .bool(false)),
                ("externalRefs", .array([reference])),
            ] + more)
    }

    /// https://github.com/package-url/purl-spec, PURL-TYPES: of RPM packages the epoch is a qualifier.
    private static func packageURL(
        _ distribution: LockedDistribution, _ name: String, _ version: String, _ architecture: String
    ) -> String {
        var parts = version.split(separator: ":", maxSplits: 1).map(String.init)
        let epoch = distribution.family == .rpm && parts.count > 1 ? "&epoch=\(parts.removeFirst())" : ""
        let type = distribution.family == .rpm ? "rpm" : "deb"
        let escapes: [Character: String] = ["+": "%2B", "^": "%5E"]
        let plain = "\(name)@\(parts.joined(separator: ":"))"
        // Few names have one, and to look at characters costs more than all the rest.
        let isPlain = plain.utf8.allSatisfy { $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "^") }
        let escaped = isPlain ? plain : plain.map { escapes[$0] ?? String($0) }.joined()
        return "pkg:\(type)/\(distribution.name)/\(escaped)?arch=\(architecture)\(epoch)"
    }
}
