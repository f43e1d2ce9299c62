import APT
import Primitives
import SystemPackage

/// What lies beside an image in its folder: its checksum with a signature, bills, and statements.
struct BesideFiles: Sendable {
    /// A file, and what it is called.
    struct File: Sendable {
        let name: String
        let bytes: [UInt8]
    }

    /// "kldload-….iso"
    let image: String
    let checksum: File?
    let signature: File?
    let spdx: File?
    let cycloneDX: File?
    let statements: File?

    init(_ path: FilePath) {
        // Of a link, as nights leave one called `latest`, it lies beside what that leads to.
        let path = Files.realPath(path) ?? path
        let image = path.lastComponent?.string ?? path.string
        let folder = path.removingLastComponent()
        func file(_ name: String) -> File? {
            guard let bytes = try? Files.read(folder.isEmpty ? FilePath(name) : folder.appending(name)) else {
                return nil
            }
            return File(name: name, bytes: bytes)
        }
        self.image = image
        checksum = file("\(image).sha256")
        signature = file("\(image).sha256.asc")
        spdx = file(EvidenceFile.beside(image, ".spdx.json"))
        cycloneDX = file(EvidenceFile.beside(image, ".cdx.json"))
        statements = file(EvidenceFile.beside(image, ".intoto.jsonl"))
    }

    /// Whether all of it is of this image, whose digest is `digest`. `foundSoFar` is whether something is wrong on the image that a
    /// changed checksum comes from.
    ///
    /// Throws as `ImageSignatures.problem` does.
    func check(
        digest: Digest, files: ImageFiles, digests: [String: ImageContent.Read], provenance: ProvenanceAudit.Reading,
        bills: BillAudit, signatures: ImageSignatures?, foundSoFar: Bool
    ) async throws -> ImageReport.Check {
        var findings: [ImageReport.Finding] = []
        var unchecked: [String] = []
        var good: [String] = []
        let subjects =
            provenance.beside.map(\.statement).filter { $0.predicateType == Provenance.predicateType }
            .first { statement in statement.subjects.contains { $0.digest == digest || $0.name == image } }?.subjects
            ?? []
        var isWhole = true
        if let checksum {
            isWhole = try DigestList(checksum.bytes, called: checksum.name).digests.values.contains(digest)
            if isWhole {
                good.append("checksum")
            } else {
                findings.append(ImageReport.Finding(image, "is not what \(checksum.name) says"))
            }
            if let signatures {
                if let signature {
                    let problem = try await signatures.problem(
                        of: checksum.bytes, signature: signature.bytes, called: checksum.name)
                    if let problem { findings.append(problem) }
                } else {
                    unchecked.append("who signed \(checksum.name): there is no \(checksum.name).asc")
                }
            }
        }
        let isOther = !subjects.isEmpty && !subjects.contains { $0.digest == digest }
        if isOther { isWhole = false }
        // What no list on the image has is known by the statement beside it.
        var isNamed = false
        let known = Dictionary(subjects.map { ($0.name, $0.digest) }) { first, _ in first }
        for path in files.unlisted {
            guard let digest = known[path], (try? digests[path]?.get()) != digest else { continue }
            isNamed = true
            findings.append(
                ImageReport.Finding(path, "is not what \(statements?.name ?? "the statement beside the image") says"))
        }
        if !isWhole, !isNamed, !foundSoFar {
            let isKnown = files.unlisted.allSatisfy { known[$0] != nil }
            findings.append(
                ImageReport.Finding(
                    nil,
                    isKnown
                        ? "bytes are changed that lie outside of every file: boot loader, directories"
                        : "what is changed is in no file that a list has: it is in the boot loader's files, or outside of every file"
                ))
        }
        if checksum == nil, subjects.isEmpty {
            unchecked.append(
                "\(files.unlisted.count.counted("file")) of the boot loader, and what lies outside of every file: no checksum lies beside the image"
            )
        }
        for (file, path) in [(spdx, EvidenceFile.spdx), (cycloneDX, EvidenceFile.cycloneDX)] {
            guard let file else { continue }
            if bills.bytes[path] == file.bytes {
                good.append(path == EvidenceFile.spdx ? "SPDX" : "CycloneDX")
            } else {
                findings.append(ImageReport.Finding(file.name, "is not the bill of this image"))
            }
        }
        for signed in provenance.beside {
            if let finding = signed.finding { findings.append(finding) }
            if !signed.statement.subjects.contains(where: { $0.digest == digest }) {
                let name = signed.statement.subjects.first?.name ?? ""
                findings.append(
                    ImageReport.Finding(
                        statements?.name,
                        name == image
                            ? "is not of this image: it says another digest" : "is of another image: \(name)"))
            } else if signed.statement.predicateType == TestResult.predicateType {
                good.append(TestResult.summary(of: signed.statement.predicate))
            } else {
                good.append("provenance")
            }
        }
        return ImageReport.Check(
            "beside", good.isEmpty ? "" : "of this image: \(good.joined(separator: ", "))", findings,
            unchecked: unchecked)
    }
}
