import Primitives

/// The packages that a bill of materials names, whichever of both formats it has.
struct BillReading {
    /// A package, as far as it can be found on an image.
    struct Line: Hashable {
        /// Without the release in it.
        let url: String
        let digest: Digest
    }

    let lines: Set<Line>

    /// Throws `EvidenceError` where `bytes` are no such bill, or a package in it has no address or digest.
    init(spdx bytes: [UInt8], called name: String) throws(EvidenceError) {
        guard let json = JSON(parsing: bytes), json["spdxVersion"]?.string == "SPDX-2.3",
            case .array(let packages)? = json["packages"]
        else { throw EvidenceError("\(name) is no SPDX 2.3 document") }
        var lines: Set<Line> = []
        // The image itself has no address.
        for package in packages where package["externalRefs"] != nil {
            let reference = Self.element(of: package["externalRefs"]) { $0["referenceType"]?.string == "purl" }
            let checksum = Self.element(of: package["checksums"]) { $0["algorithm"]?.string == "SHA256" }
            lines.insert(
                try Self.line(
                    reference?["referenceLocator"]?.string, checksum?["checksumValue"]?.string,
                    package["name"]?.string, name))
        }
        self.lines = lines
    }

    /// As `init(spdx:)`.
    init(cycloneDX bytes: [UInt8], called name: String) throws(EvidenceError) {
        guard let json = JSON(parsing: bytes), json["bomFormat"]?.string == "CycloneDX",
            case .array(let components)? = json["components"]
        else { throw EvidenceError("\(name) is no CycloneDX document") }
        var lines: Set<Line> = []
        for component in components {
            let hash = Self.element(of: component["hashes"]) { $0["alg"]?.string == "SHA-256" }
            lines.insert(
                try Self.line(
                    component["purl"]?.string, hash?["content"]?.string, component["name"]?.string, name))
        }
        self.lines = lines
    }

    private static func element(of array: JSON?, where isMeant: (JSON) -> Bool) -> JSON? {
        guard case .array(let values)? = array else { return nil }
        return values.first(where: isMeant)
    }

    private static func line(
        _ url: String?, _ digest: String?, _ package: String?, _ name: String
    ) throws(EvidenceError) -> Line {
        guard let url, let digest = digest.flatMap({ Digest(hex: $0) }) else {
            throw EvidenceError("\(name) names \(package ?? "a package") without its address or its sha256")
        }
        return Line(url: PackageURL.withoutRelease(url), digest: digest)
    }
}
