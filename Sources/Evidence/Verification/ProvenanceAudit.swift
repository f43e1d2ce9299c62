import Locking
import Primitives

/// The statement on an image about how it came to be.
struct ProvenanceAudit: Sendable {
    /// A statement whose signature was looked at.
    struct Signed: Sendable {
        let statement: Statement
        /// What is wrong with its signature.
        let finding: ImageReport.Finding?
    }

    let image: ImageContent
    let beside: BesideFiles
    let signatures: ImageSignatures?

    /// What was read, on the image and beside it.
    struct Reading: Sendable {
        fileprivate(set) var onImage: [Signed] = []
        fileprivate(set) var beside: [Signed] = []
        fileprivate(set) var findings: [ImageReport.Finding] = []
        fileprivate(set) var isThere = false
    }

    /// Throws as `ImageSignatures.problem` does, and `ArchiveError`.
    func read() async throws -> Reading {
        var reading = Reading()
        if image.has(EvidenceFile.provenance) {
            reading.isThere = true
            do {
                reading.onImage = try await statements(
                    in: image.bytes(EvidenceFile.provenance), called: EvidenceFile.provenance)
            } catch let error as EvidenceError {
                reading.findings.append(
                    ImageReport.Finding(EvidenceFile.provenance, "can't be read", details: [error.what]))
            }
        }
        if let file = beside.statements {
            do { reading.beside = try await statements(in: file.bytes, called: file.name) } catch let error
                as EvidenceError
            {
                reading.findings.append(ImageReport.Finding(file.name, "can't be read", details: [error.what]))
            }
        }
        return reading
    }

    private func statements(in bytes: [UInt8], called name: String) async throws -> [Signed] {
        var found: [Signed] = []
        for envelope in try Envelope.all(in: bytes, called: name) {
            let statement = try Statement(reading: envelope.payload, from: name)
            var finding: ImageReport.Finding?
            if let signatures {
                if envelope.signatures.isEmpty {
                    finding = ImageReport.Finding(name, "holds a statement that nobody signed")
                }
                for signature in envelope.signatures {
                    finding =
                        try await signatures.problem(
                            of: Envelope.signedBytes(envelope.payload), signature: signature.bytes, called: name)
                        ?? finding
                }
            }
            found.append(Signed(statement: statement, finding: finding))
        }
        return found
    }
}

extension ProvenanceAudit.Reading {
    /// Whether the statement on the image is of this image, and says what its lock says.
    func check(
        digests: [String: ImageContent.Read], lock: Lock, lockDigest: Digest
    ) -> ImageReport.Check {
        let file = EvidenceFile.provenance
        guard isThere else {
            return ImageReport.Check("provenance", "", findings, unchecked: ["\(file), which is not on the image"])
        }
        var findings = findings + onImage.compactMap(\.finding)
        let list = try? digests[EvidenceFile.digests]?.get()
        let all = onImage.map(\.statement).filter { $0.predicateType == Provenance.predicateType }
        guard let statement = all.first else {
            findings.append(ImageReport.Finding(file, "does not say how the image came to be"))
            return ImageReport.Check("provenance", "", findings)
        }
        if !statement.subjects.contains(where: { $0.name == EvidenceFile.digests && $0.digest == list }) {
            findings.append(
                ImageReport.Finding(file, "is of another image: it does not speak of this \(EvidenceFile.digests)"))
        }
        let dependencies = Provenance.dependencies(in: statement.predicate)
        let known = Set((dependencies ?? []).map(\.digest))
        var missing: [String] = known.contains(lockDigest) ? [] : ["deploy.lock"]
        for distribution in lock.distributions {
            missing += distribution.snapshots.filter { !known.contains($0.digest) }.map(\.shown)
            missing += distribution.indexes.filter { !known.contains($0.digest) }.map(\.path)
            missing += distribution.packages.filter { !known.contains($0.digest) }.map { "\($0.name) \($0.version)" }
        }
        if !missing.isEmpty {
            let shown = missing.prefix(5).joined(separator: ", ")
            findings.append(
                ImageReport.Finding(
                    file,
                    "does not name all that \(EvidenceFile.lock) names: \(shown)"
                        + (missing.count > 5 ? " and \(missing.count - 5) more" : "")))
        }
        return ImageReport.Check(
            "provenance",
            "\((dependencies ?? []).count) sources, indexes and packages by digest; the lock's are all among them",
            findings)
    }
}
