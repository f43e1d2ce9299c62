import Archives
package import Primitives

/// The disk that brings an installation its answers.
package enum SeedDisk {
    /// What the installer looks for. A label of FAT holds eleven characters, so it has no dash.
    package static let label = "KLDLOADSEED"
    /// The name of the one file on it.
    package static let fileName = "answers.env"

    /// Whether `image` begins as one that `image(answers:)` made does: with a FAT boot sector that has the label, at byte 43.
    package static func isImage(_ image: [UInt8]) -> Bool {
        image.dropFirst(43).starts(with: label.utf8)
    }

    /// The image of a seed disk with these answers; write it with permissions that keep its secrets.
    ///
    /// Throws `Mistake` where the answers are larger than a seed disk.
    package static func image(answers: [UInt8]) throws(Mistake) -> [UInt8] {
        do throws(FATImage.Failure) {
            return try FATImage.make(label: label, files: [(fileName, answers)])
        } catch {
            throw Mistake("the answers don't fit on a seed disk: \(ByteCount(answers.count))", at: nil)
        }
    }
}
