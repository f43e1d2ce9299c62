import LiveImage

/// Names of what an image of ours carries, and lies beside one.
package enum EvidenceFile {
    /// The digest of every file on the image that does not depend on the key of the build host.
    package static let digests = ImageLayout.digests
    /// The digest of every file that does.
    package static let signatures = ImageLayout.signatures
    /// The public key of the build host, armored.
    package static let key = "kldload/key.asc"
    /// The lock that the image was made from.
    package static let lock = "kldload/deploy.lock"
    /// The bill of materials, in both formats.
    package static let spdx = "kldload/sbom.spdx.json"
    package static let cycloneDX = "kldload/sbom.cdx.json"
    /// How the image came to be, in an envelope.
    package static let provenance = "kldload/provenance.intoto.jsonl"

    /// The folder where somebody may have put answers into a copy of the finished image, with a list of their digests in it.
    static let answers = ImageLayout.answers
    static let answerDigests = "\(answers)/sha256sums"

    /// What the step writes that makes the image bootable: it depends on the lists, and is in none.
    package static func isLoader(_ path: String) -> Bool {
        [".disk/", "boot/grub/", "EFI/"].contains { path.hasPrefix($0) }
            || ["boot/boot.cat", "boot.cat", "kldload/medium"].contains(path)
    }

    /// What lies beside the image called `image`: its name without ".iso", and this.
    package static func beside(_ image: String, _ ending: String) -> String {
        (image.hasSuffix(".iso") ? String(image.dropLast(4)) : image) + ending
    }
}
