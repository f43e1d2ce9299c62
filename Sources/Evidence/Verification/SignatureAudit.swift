import Primitives

/// Whether everything on an image that is signed has a good signature.
struct SignatureAudit {
    private let image: ImageContent
    private let signatures: ImageSignatures

    init(_ image: ImageContent, _ signatures: ImageSignatures) {
        self.image = image
        self.signatures = signatures
    }

    /// What vouches for others: a name at the end of a path, and what its signature has added to it.
    private static let signed = [
        (EvidenceFile.digests, ".asc"), (EvidenceFile.signatures, ".asc"), ("/Release", ".gpg"),
        ("/repodata/repomd.xml", ".asc"), ("/certificate.txt", ".asc"),
    ]

    /// Throws as `ImageSignatures.problem` does, and `ArchiveError`.
    func check() async throws -> ImageReport.Check {
        let pairs = image.files.sorted().compactMap { path -> (String, String)? in
            // A Release file of a part of a suite is vouched for by that of the whole.
            if path.contains("/binary-") { return nil }
            return Self.signed.first { path.hasSuffix($0.0) }.map { (path, path + $0.1) }
        }
        let (image, signatures) = (image, signatures)
        let findings = try await withThrowingTaskGroup(of: ImageReport.Finding?.self) { group in
            for (path, signature) in pairs {
                group.addTask {
                    guard image.has(signature) else { return ImageReport.Finding(path, "is not signed") }
                    return try await signatures.problem(
                        of: image.bytes(path), signature: image.bytes(signature), called: path)
                }
            }
            var findings: [ImageReport.Finding] = []
            for try await finding in group { if let finding { findings.append(finding) } }
            return findings
        }
        return ImageReport.Check(
            "signatures", "\(pairs.count.counted("file")) signed: the lists, the mirrors and their certificates",
            findings.sorted { ($0.file ?? "") < ($1.file ?? "") })
    }
}
