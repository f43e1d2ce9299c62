package import Primitives

/// Something that is known by its digest (https://github.com/in-toto/attestation, spec/v1/resource_descriptor.md).
package struct Resource: Sendable, Hashable, Comparable {
    /// "package-sets/debian/server.txt", "pkg:deb/debian/htop@3.4.1-5?arch=amd64"
    package let name: String
    /// Of its bytes.
    package let digest: Digest

    package init(_ name: String, _ digest: Digest) {
        self.name = name
        self.digest = digest
    }

    package static func < (a: Resource, b: Resource) -> Bool { (a.name, a.digest) < (b.name, b.digest) }

    /// What is called by an address in the whole world has it as its `uri`, all else as its `name`.
    var json: JSON {
        .object([
            (name.hasPrefix("pkg:") ? "uri" : "name", .string(name)),
            ("digest", .object([("sha256", .string(digest.hex))])),
        ])
    }

    /// Nil where it has no SHA-256.
    init?(_ json: JSON) {
        guard let digest = json["digest"]?["sha256"]?.string.flatMap({ Digest(hex: $0) }) else { return nil }
        self.init(json["uri"]?.string ?? json["name"]?.string ?? "", digest)
    }
}

/// What somebody says of some bytes (https://github.com/in-toto/attestation, spec/v1/statement.md).
package struct Statement: Sendable {
    /// What it is said of.
    package let subjects: [Resource]
    /// What kind of thing is said.
    package let predicateType: String
    /// What is said.
    package let predicate: JSON

    private static let type = "https://in-toto.io/Statement/v1"

    package init(of subjects: [Resource], predicateType: String, predicate: JSON) {
        self.subjects = subjects
        self.predicateType = predicateType
        self.predicate = predicate
    }

    /// The statement in JSON: what an envelope carries.
    package var bytes: [UInt8] {
        JSON.object([
            ("_type", .string(Self.type)), ("subject", .array(subjects.map(\.json))),
            ("predicateType", .string(predicateType)), ("predicate", predicate),
        ]).bytes
    }

    /// The statement that `bytes` write. Throws `EvidenceError` where it is none; `name` is what it calls the file.
    package init(reading bytes: [UInt8], from name: String) throws(EvidenceError) {
        guard let json = JSON(parsing: bytes), json["_type"]?.string == Self.type,
            let type = json["predicateType"]?.string, let predicate = json["predicate"],
            case .array(let subjects)? = json["subject"]
        else { throw EvidenceError("\(name) holds something that is no statement of in-toto") }
        self.subjects = subjects.compactMap { Resource($0) }
        guard self.subjects.count == subjects.count else {
            throw EvidenceError("\(name) speaks of something without its sha256")
        }
        predicateType = type
        self.predicate = predicate
    }
}
