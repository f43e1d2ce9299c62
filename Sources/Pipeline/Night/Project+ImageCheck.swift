import APT
import Declaration
import Evidence
import Primitives
import SystemPackage

extension Project {
    /// Verifies an image in the output folder, and what lies beside it, as somebody else would who has this build host's public key.
    /// Returns what holds, a line each.
    ///
    /// Throws `ImageRefused` with all that does not, and what `ImageVerification` throws.
    func verify(_ image: PublishedImage) async throws -> [String] {
        let holder = try PrivateFolder()
        let key = holder.path.appending("key.asc")
        try Files.write(try await SigningKey(home: workspace.key).armoredPublicKey, to: key)
        let report = try await ImageVerification(of: image.path, shownAs: image.shown, key: key).report()
        withExtendedLifetime(holder) {}
        guard report.isGood else { throw ImageRefused(image: image.shown, report: report) }
        let signer = report.signer.map { ["signed by \($0.name) (\($0.fingerprint))"] } ?? []
        let found = report.checks.filter { !$0.summary.isEmpty }.map { "\($0.subject): \($0.summary)" }
        return signer + found + report.checks.flatMap(\.unchecked).map { "not checked: \($0)" }
    }
}

/// An image that is not what it says it is.
struct ImageRefused: UserError {
    let image: String
    let report: ImageReport
    var what: String { "\(image) is not what it says it is" }
    var details: [String] {
        report.checks.flatMap { check in
            check.findings.flatMap { finding in
                ["\(check.subject): \(finding.file.map { "\($0) \(finding.what)" } ?? finding.what)"]
                    + finding.details.map { "  \($0)" }
            }
        }
    }
    var hint: String? { "`deploy verify` tells more; `deploy build` makes the image anew once it is removed" }
}
