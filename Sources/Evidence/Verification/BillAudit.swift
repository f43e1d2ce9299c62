import Primitives

/// The bills of materials on an image, held against what lies there.
struct BillAudit: Sendable {
    private let readings: [(file: String, reading: BillReading)]
    private let missing: [String]
    /// Those that can't be read.
    private let damaged: [ImageReport.Finding]
    /// The bytes of each bill, by its path.
    let bytes: [String: [UInt8]]

    /// Throws `ArchiveError`.
    init(image: ImageContent, beside: BesideFiles) throws {
        var readings: [(String, BillReading)] = []
        var bytes: [String: [UInt8]] = [:]
        var missing: [String] = []
        var damaged: [ImageReport.Finding] = []
        for file in [EvidenceFile.spdx, EvidenceFile.cycloneDX] {
            guard image.has(file) else {
                missing.append("\(file), which is not on the image")
                continue
            }
            let text = try image.bytes(file)
            bytes[file] = text
            do throws(EvidenceError) {
                readings.append(
                    (
                        file,
                        try file == EvidenceFile.spdx
                            ? BillReading(spdx: text, called: file) : BillReading(cycloneDX: text, called: file)
                    ))
            } catch {
                damaged.append(ImageReport.Finding(file, "can't be read", details: [error.what]))
            }
        }
        (self.readings, self.bytes, self.missing, self.damaged) = (readings, bytes, missing, damaged)
    }

    /// What the bills name and is not there, and the other way round.
    func check(against contents: ContentAudit) -> ImageReport.Check {
        var findings = damaged
        for (file, reading) in readings {
            for line in reading.lines.subtracting(contents.packages).map(\.url).sorted() {
                findings.append(
                    ImageReport.Finding(file, "names \(line), which is neither in a mirror nor in the live system"))
            }
            for line in contents.packages.subtracting(reading.lines).map(\.url).sorted() {
                findings.append(ImageReport.Finding(file, "does not name \(line), which is on the image"))
            }
        }
        let names = readings.map { $0.file == EvidenceFile.spdx ? "SPDX" : "CycloneDX" }.joined(separator: " and ")
        return ImageReport.Check(
            "bills",
            names.isEmpty ? "" : "\(names): \(contents.packages.count.counted("package")), each is there, and no other",
            findings, unchecked: missing)
    }
}
