import Primitives

extension BillOfMaterials {
    /// The bill in the JSON of CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/). Equal bills give equal bytes.
    package var cycloneDX: [UInt8] {
        let tool = JSON.object([
            ("type", .string("application")), ("name", .string("deploy")), ("version", .string(toolVersion)),
        ])
        let image = JSON.object([
            ("type", .string("operating-system")), ("bom-ref", .string("image")), ("name", .string(name)),
            ("version", .string("\(date)")),
        ])
        let document = JSON.object([
            ("bomFormat", .string("CycloneDX")), ("specVersion", .string("1.6")),
            ("serialNumber", .string("urn:uuid:\(Self.uuid(of: digest))")), ("version", .number(1)),
            (
                "metadata",
                .object([
                    ("timestamp", .string("\(date)")), ("tools", .object([("components", .array([tool]))])),
                    ("component", image),
                ])
            ),
            ("components", .array(packages.map(Self.component))),
            (
                "dependencies",
                .array(
                    dependencies.map { package, needs in
                        .object([("ref", .string(package)), ("dependsOn", .array(needs.map { .string($0) }))])
                    })
            ),
        ])
        return document.bytes + [UInt8(ascii: "\n")]
    }

    /// A UUID of a digest (RFC 9562, 5.8).
    static func uuid(of digest: Digest) -> String {
        var bytes = Array(digest.bytes.prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x80
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = bytes.map(\.hex)
        return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { digits[$0].joined() }.joined(separator: "-")
    }

    private static func component(_ package: Package) -> JSON {
        var fields: [(String, JSON)] = [
            ("type", .string("library")), ("bom-ref", .string(package.identifier)), ("name", .string(package.name)),
            ("version", .string(package.version)),
        ]
        if let supplier = package.facts.supplier, !supplier.isEmpty {
            let name = supplier.prefix { $0 != "<" }.split(separator: " ").joined(separator: " ")
            fields.append(("supplier", .object([("name", .string(name))])))
        }
        fields.append(
            (
                "hashes",
                .array([.object([("alg", .string("SHA-256")), ("content", .string(package.digest.hex))])])
            ))
        if let licence = package.facts.licence {
            fields.append(("licenses", .array([.object([("expression", .string(licence.expression))])])))
        }
        fields.append(("purl", .string(package.url)))
        if let homepage = package.homepage {
            fields.append(
                (
                    "externalReferences",
                    .array([.object([("type", .string("website")), ("url", .string(homepage))])])
                ))
        }
        var properties = package.origins.map { ("kldload:asked-for-by", $0.line) }
        if let source = package.facts.source {
            properties.append(("kldload:source-package", "\(source) \(package.facts.sourceVersion ?? package.version)"))
        }
        properties.append(("kldload:file", package.file ?? "made by this build"))
        fields.append(
            (
                "properties",
                .array(properties.map { .object([("name", .string($0)), ("value", .string($1))]) })
            ))
        return .object(fields)
    }
}
