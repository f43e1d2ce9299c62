import Evidence
import Packages
import Primitives

/// Whether an image is what it says it is.
struct VerificationAnswer: Answer {
    let report: ImageReport
    /// The file with the keys that counted, as it was named.
    let key: String?

    var ending: Ending { report.isGood ? .success : .failure }

    func text(_ style: Style) -> [TextLine] {
        var lines = [
            row("image", "\(report.image), \(report.size)" + (report.digest.map { ", sha256 \($0.hex)" } ?? ""))
        ]
        if let signer = report.signer {
            lines.append(row("signed by", "\(signer.name) (\(signer.fingerprint))"))
            if !signer.isGiven {
                lines.append(
                    row("", "by the key that lies on the image itself: who made it is proven by --key FILE alone"))
            }
        }
        if let origin = report.origin {
            let date = origin.date.map { " of \(String("\($0)".prefix(10)))" } ?? ""
            let indexes = origin.snapshots == 1 ? "1 signed index" : "\(origin.snapshots) signed indexes"
            lines.append(
                row(
                    "made from",
                    "deploy.lock \(origin.lock.short)…\(date), \(origin.packages.counted("package")), \(indexes)"))
        }
        for check in report.checks {
            if check.findings.isEmpty {
                if !check.summary.isEmpty { lines.append(row(check.subject, check.summary, style.good("✓"))) }
            } else {
                for (number, finding) in check.findings.enumerated() {
                    let subject = number == 0 ? check.subject : ""
                    lines.append(row(subject, Self.sentence(finding), style.bad("✗")))
                    lines += finding.details.map { row("", "  \($0)") }
                }
            }
        }
        for sentence in report.checks.flatMap(\.unchecked) { lines.append(row("not checked", sentence)) }
        return .results(lines)
    }

    private func row(_ subject: String, _ text: String, _ mark: String = " ") -> String {
        "\(mark) \(subject.padded(12)) \(text)"
    }

    private static func sentence(_ finding: ImageReport.Finding) -> String {
        finding.file.map { "\($0) \(finding.what)" } ?? finding.what
    }

    var json: JSON? {
        let checks = report.checks.map { check in
            JSON.fields([
                "subject": .string(check.subject), "good": .bool(check.findings.isEmpty),
                "summary": check.summary.isEmpty ? nil : .string(check.summary),
                "findings": .array(
                    check.findings.map { finding in
                        .fields([
                            "file": finding.file.map(JSON.string), "what": .string(finding.what),
                            "details": finding.details.isEmpty ? nil : .array(finding.details.map(JSON.string)),
                        ])
                    }),
                "not_checked": check.unchecked.isEmpty ? nil : .array(check.unchecked.map(JSON.string)),
            ])
        }
        let signer = report.signer.map { signer in
            JSON.fields([
                "name": .string(signer.name), "fingerprint": .string(signer.fingerprint),
                "given": .bool(signer.isGiven),
            ])
        }
        let origin = report.origin.map { origin in
            JSON.fields([
                "lock": .string(origin.lock.hex), "date": origin.date.map { .string("\($0)") },
                "packages": .number(Double(origin.packages)), "snapshots": .number(Double(origin.snapshots)),
            ])
        }
        return .fields([
            "good": .bool(report.isGood), "image": .string(report.image), "size": .number(Double(report.size.bytes)),
            "sha256": report.digest.map { .string($0.hex) }, "signer": signer, "made_from": origin,
            "checks": .array(checks),
        ])
    }
}
