import Installation
package import Primitives
package import SystemPackage

/// What golden images are to be.
package struct GoldenRequest: Sendable {
    /// The image that is installed from.
    package let iso: FilePath
    /// The name of a distribution that is on it, where no answers say it.
    package var distribution = "debian"
    /// The name of one of its profiles, where no answers say it.
    package var profile = "server"
    /// The answers to install with.
    package var answers: FilePath?
    /// At least one, in the order of all formats.
    package var formats = [GoldenFormat.qcow2]
    /// Of the disk.
    package var size = ByteCount(40 << 30)
    /// Whether the disk that was installed to is kept beside the logs.
    package var keepsDisk = false
    /// MiB of the machine that installs and of the clone.
    package var memory = 2048
    /// How many these machines have.
    package var processors = 2
    /// For the installation, from power-on.
    package var limit = Duration.seconds(2700)

    package init(iso: FilePath) { self.iso = iso }

    /// `size` as a disk of whole GiB, which all formats can have as it is.
    package static func wholeSize(_ size: ByteCount) -> ByteCount {
        ByteCount(((size.bytes + (1 << 30) - 1) >> 30) << 30)
    }
}

/// Golden images that are in the output folder.
package struct GoldenImages: Sendable {
    /// One of them.
    package struct Image: Sendable {
        /// What it is made like.
        package let format: GoldenFormat
        /// Where it is.
        package let path: FilePath
        /// The same as people in the checkout know it.
        package let shown: String
        /// Of the file.
        package let size: ByteCount
        /// What it takes on the disk.
        package let allocated: ByteCount
        /// Of the file.
        package let digest: Digest
        /// Whether it was put there now.
        package let isNew: Bool
    }

    /// "golden-debian-server-v20261128-1a2b3c4"
    package let name: String
    /// In the order of all formats.
    package let images: [Image]
    /// What else was laid beside them, as people in the checkout know it: checksums, their signature, bills of materials, answers.
    package let beside: [String]
    /// Of the disk.
    package let size: ByteCount
    /// How many steps ran.
    package let ran: Int
    /// How many were on record.
    package let cached: Int
    /// Of all of it.
    package let duration: Duration
}

/// An installation or a clone that did not come out as it must.
struct GoldenFailure: UserError {
    let what: String
    let details: [String]
    let hint: String?

    /// Nil where all in `report` passed. `doing` is what was done, `folder` where its logs are.
    init?(_ report: TestReport, doing: String, logs folder: String) {
        guard report.failed > 0 || report.passed == 0 else { return nil }
        let failures = report.cases.compactMap { item -> (String, [String])? in
            guard case .failed(let what, let details) = item.outcome else { return nil }
            return ("\(item.name): \(what)", details)
        }
        what = "\(doing) failed" + (failures.first.map { ": \($0.0)" } ?? "")
        details = (failures.first?.1 ?? []) + failures.dropFirst().map(\.0)
        hint = "the consoles' logs and pictures are in \(folder)"
    }
}
