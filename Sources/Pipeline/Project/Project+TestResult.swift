import APT
import BuildGraph
import Evidence
import Installation
import Primitives
import SystemPackage

extension Project {
    /// Adds what `report` says of the image at `iso` to the statements beside it, signed with the build host's key. Where there are none,
    /// or the image is not the one that this build host published there, nothing is added. Returns whether it was.
    ///
    /// Throws `FileError`, `SigningKeyError`, `EvidenceError`.
    func attest(_ report: TestReport, of iso: FilePath) async throws -> Bool {
        let image = iso.lastComponent?.string ?? ""
        let statements = iso.removingLastComponent().appending(PublishedFiles.statements(of: image))
        guard try PublishedFiles(folder: iso.removingLastComponent()).images().contains(image), Files.exists(statements)
        else { return false }
        let lines = try Files.read(statements)
        let signer = try await SigningKey(home: workspace.key)
        let digest = try await BlockingWork.run { try Files.digest(iso).digest }
        let isOurs = try Envelope.all(in: lines, called: statements.string).contains { envelope in
            envelope.signatures.contains { $0.keyID == signer.fingerprint }
                && (try? Statement(reading: envelope.payload, from: image))?.subjects.contains { $0.digest == digest }
                    == true
        }
        guard isOurs else { return false }
        func names(where isMeant: (TestReport.Case.Outcome) -> Bool) -> [String] {
            report.cases.filter { isMeant($0.outcome) }.map { "\($0.group): \($0.name)" }
        }
        let result = TestResult(
            configuration: [Resource("deploy test: \(report.title)", Digest(of: report.title.utf8))],
            passed: names { if case .passed = $0 { true } else { false } },
            failed: names { if case .failed = $0 { true } else { false } },
            skipped: names { if case .skipped = $0 { true } else { false } })
        let envelope = try await signer.envelope(
            result.statement(of: Resource(image, digest)), epoch: max(surroundings.now(), SigningKey.creation))
        try Files.write(lines + envelope.line, to: statements)
        return true
    }
}
