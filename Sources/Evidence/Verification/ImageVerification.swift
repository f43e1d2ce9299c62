import Archives
import Locking
import Packages
import Primitives
package import SystemPackage

/// Finds out whether an image is what it says it is, by nothing but what lies on it and beside it, and keys.
package struct ImageVerification: Sendable {
    /// Where it is.
    private let path: FilePath
    /// As it was named.
    private let shown: String
    /// A file with the keys that count; nil for the one that lies on the image.
    private let key: FilePath?

    package init(of path: FilePath, shownAs shown: String, key: FilePath?) {
        self.path = path
        self.shown = shown
        self.key = key
    }

    /// All that was found out. Every file is read once.
    ///
    /// - Throws: `EvidenceError` where the file is no image of ours, or its evidence can't be read as such; `ArchiveError`,
    ///   `SignatureError` where no signature can be looked at, `FileError`, `CancellationError`.
    package func report() async throws -> ImageReport {
        guard Files.exists(path) else { throw EvidenceError("there is no image \(shown)", isUsageError: true) }
        guard DiscImage.isImage(path) else {
            throw EvidenceError("\(shown) is no ISO 9660 image", isUsageError: true)
        }
        let volume = try DiscVolume(path)
        if volume.size < volume.declaredSize { return cutShort(volume) }
        let image = try ImageContent(volume)
        guard image.has(EvidenceFile.digests) else {
            throw EvidenceError(
                "\(shown) is no image of kldload: it has no \(EvidenceFile.digests)", isUsageError: true)
        }
        // The two threads that read the image are busy the longest; all else goes beside them.
        async let reading = BlockingWork.run { image.digests() }
        let signatures = try keys(on: image)
        let beside = BesideFiles(path)
        var evidence: [ImageReport.Check] = []
        if let signatures { evidence.append(try await SignatureAudit(image, signatures).check()) }
        async let audit = try await ProvenanceAudit(image: image, beside: beside, signatures: signatures).read()
        let bills = try await BlockingWork.run { try BillAudit(image: image, beside: beside) }
        let provenance = try await audit
        let (whole, digests) = try await reading
        let files = try ImageFiles(image, digests)
        let contents = try await BlockingWork.run { try ContentAudit(image, digests) }
        var checks = [files.check] + evidence
        checks.append(try ImageFiles.answers(on: image, digests))
        checks += contents.checks
        checks.append(bills.check(against: contents))
        checks.append(provenance.check(digests: digests, lock: contents.lock, lockDigest: contents.lockDigest))
        let digest = try whole.get()
        checks.append(
            try await beside.check(
                digest: digest, files: files, digests: digests, provenance: provenance, bills: bills,
                signatures: signatures, foundSoFar: checks.contains { !$0.findings.isEmpty }))
        return ImageReport(
            image: shown, size: ByteCount(volume.size), digest: digest, signer: await signatures?.signer,
            origin: contents.origin, checks: await folded(checks.filter { !$0.isSilent }, signatures))
    }

    private func keys(on image: ImageContent) throws -> ImageSignatures? {
        if key == nil, !image.has(EvidenceFile.key) { return nil }
        return try ImageSignatures(given: key, onImage: key == nil ? image.bytes(EvidenceFile.key) : [])
    }

    private func cutShort(_ volume: DiscVolume) -> ImageReport {
        let missing = volume.declaredSize - volume.size
        let finding = ImageReport.Finding(
            nil, "the image is cut short: \(missing) of \(volume.declaredSize) bytes are missing at its end")
        return ImageReport(
            image: shown, size: ByteCount(volume.size), digest: nil, signer: nil, origin: nil,
            checks: [
                ImageReport.Check(
                    "size", "", [finding], unchecked: ["anything else: there is no telling what is missing"])
            ])
    }

    /// Where all that is signed is signed by the same other key, that is said once.
    private func folded(
        _ checks: [ImageReport.Check], _ signatures: ImageSignatures?
    ) async -> [ImageReport.Check] {
        guard let signatures, await signatures.goodCount == 0, let id = await signatures.unknown.first,
            await signatures.unknown.count == 1
        else { return checks }
        let other = signatures.isGiven ? "not in \(key?.string ?? "")" : "not \(EvidenceFile.key)"
        var isSaid = false
        return checks.map { check in
            let kept = check.findings.filter { $0.what != ImageSignatures.words(forUnknown: [id]) }
            guard kept.count < check.findings.count else { return check }
            defer { isSaid = true }
            let folded =
                isSaid
                ? [] : [ImageReport.Finding(nil, "all that is signed is signed by the key \(id), which is \(other)")]
            return ImageReport.Check(check.subject, check.summary, folded + kept, unchecked: check.unchecked)
        }
    }
}
