import BuildGraph
import Evidence
import Installation
import Primitives
import SystemPackage

/// What a night leaves beside its image for the next one, and for programs: NAME.night.json.
enum NightRecord {
    /// What the files of a night are called that belong to `image`: its change log, its lock, its record.
    static func files(of image: String) -> (changes: String, lock: String, record: String) {
        func beside(_ ending: String) -> String { EvidenceFile.beside(image, ending) }
        return (beside(".md"), beside(".lock"), beside(".night.json"))
    }

    /// The record of a night that came as far as to publish `image`.
    static func json(of report: NightReport, image: PublishedImage) -> JSON {
        var fields: [(String, JSON)] = [
            ("image", .string(image.path.lastComponent?.string ?? "")), ("sha256", .string(image.digest.hex)),
            ("size", .number(Double(image.size.bytes))), ("date", .string("\(report.start)")),
        ]
        if let commit = report.commit { fields.append(("commit", .string(commit))) }
        if let last = report.last { fields.append(("since", .string(last.image))) }
        if let build = report.build {
            fields.append(("steps_run", .number(Double(build.report.ran.count))))
            fields.append(("steps", .number(Double(build.report.records.count))))
        }
        fields.append(("verified", .array(report.verified.map(JSON.string))))
        if let test = report.test {
            fields.append(("tests_passed", .number(Double(test.passed))))
            fields.append(("tests_skipped", .number(Double(test.skipped))))
        }
        return .object(fields)
    }

    /// The commit in a record; nil where it has none.
    static func commit(_ record: [UInt8]) -> String? { JSON(parsing: record)?["commit"]?.string }
}
