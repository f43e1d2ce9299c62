import Primitives

/// A signed statement: an envelope of DSSE (https://github.com/secure-systems-lab/dsse, protocol and envelope 1.0).
package struct Envelope: Sendable, Hashable {
    /// A signature, and the key that made it.
    package struct Signature: Sendable, Hashable {
        /// Fingerprint of the OpenPGP key.
        package let keyID: String
        /// A binary detached signature of OpenPGP (RFC 9580, 10.4) of `signedBytes`.
        package let bytes: [UInt8]

        package init(keyID: String, bytes: [UInt8]) {
            self.keyID = keyID
            self.bytes = bytes
        }
    }

    /// What is signed: a statement of in-toto, in JSON.
    package let payload: [UInt8]
    /// Those of one or several keys.
    package let signatures: [Signature]

    /// What `payload` is (https://github.com/in-toto/attestation, spec/v1/envelope.md).
    package static let payloadType = "application/vnd.in-toto+json"

    package init(payload: [UInt8], signatures: [Signature]) {
        self.payload = payload
        self.signatures = signatures
    }

    /// The bytes that a signature of `payload` is of: its pre-authentication encoding.
    package static func signedBytes(_ payload: [UInt8]) -> [UInt8] {
        Array("DSSEv1 \(payloadType.utf8.count) \(payloadType) \(payload.count) ".utf8) + payload
    }

    /// The envelope as a line of JSON, with its line end.
    package var line: [UInt8] {
        let signatures = signatures.map { signature in
            JSON.object([
                ("keyid", .string(signature.keyID)), ("sig", .string(Base64.encode(signature.bytes))),
            ])
        }
        return JSON.object([
            ("payloadType", .string(Self.payloadType)), ("payload", .string(Base64.encode(payload))),
            ("signatures", .array(signatures)),
        ]).bytes + [UInt8(ascii: "\n")]
    }

    /// The envelopes in `lines`, one in each. Throws `EvidenceError` where a line is none; `name` is what it calls the file.
    package static func all(in lines: [UInt8], called name: String) throws(EvidenceError) -> [Envelope] {
        var envelopes: [Envelope] = []
        for line in lines.split(separator: 0x0A) {
            guard let envelope = Envelope(line) else {
                throw EvidenceError("\(name) has a line that is no signed statement (DSSE)")
            }
            envelopes.append(envelope)
        }
        return envelopes
    }

    private init?(_ line: ArraySlice<UInt8>) {
        guard let json = JSON(parsing: line), json["payloadType"]?.string == Self.payloadType,
            let payload = json["payload"]?.string.flatMap({ Base64.decode($0) }),
            case .array(let signatures)? = json["signatures"]
        else { return nil }
        self.payload = payload
        var found: [Signature] = []
        for signature in signatures {
            guard let bytes = signature["sig"]?.string.flatMap({ Base64.decode($0) }) else { return nil }
            found.append(Signature(keyID: signature["keyid"]?.string ?? "", bytes: bytes))
        }
        self.signatures = found
    }
}
