package import Packages
package import Primitives

/// What is to be said of an image that was verified.
package struct ImageReport: Sendable {
    /// Something that is not as it should be.
    package struct Finding: Sendable, Hashable {
        /// The file that it is about, by its path on the image, or by its name beside it; nil where it is about no single file.
        package let file: String?
        /// A sentence that follows the file's name: "is not what kldload/sha256sums says".
        package let what: String
        /// More of it, a line each.
        package let details: [String]

        package init(_ file: String?, _ what: String, details: [String] = []) {
            self.file = file
            self.what = what
            self.details = details
        }
    }

    /// One kind of evidence, and what came out.
    package struct Check: Sendable, Hashable {
        /// "files"
        package let subject: String
        /// What holds, in a line; it is said where nothing was found.
        package let summary: String
        /// Empty where all is as it should be.
        package let findings: [Finding]
        /// What this kind of evidence does not tell on this image, a sentence each.
        package let unchecked: [String]

        package init(_ subject: String, _ summary: String, _ findings: [Finding] = [], unchecked: [String] = []) {
            self.subject = subject
            self.summary = summary
            self.findings = findings
            self.unchecked = unchecked
        }

        /// Whether there is nothing to say.
        var isSilent: Bool { summary.isEmpty && findings.isEmpty && unchecked.isEmpty }
    }

    /// Who signed what lies on the image.
    package struct Signer: Sendable, Hashable {
        /// The first name of the key.
        package let name: String
        /// 40 or 64 hexadecimal digits.
        package let fingerprint: String
        /// Whether the key is one that was given, or the one that lies on the image itself.
        package let isGiven: Bool
    }

    /// What the image says it was made from.
    package struct Origin: Sendable, Hashable {
        /// Of deploy.lock.
        package let lock: Digest
        /// That of the newest index.
        package let date: LockDate?
        /// How many package files the lock names.
        package let packages: Int
        /// How many signed states of suites and repositories.
        package let snapshots: Int
    }

    /// The image, as it was named.
    package let image: String
    /// Of the file; in bytes.
    package let size: ByteCount
    /// Of the whole file; nil where it was cut short, and so not read.
    package let digest: Digest?
    /// Nil where no signature could be told to be of a key at hand.
    package let signer: Signer?
    /// Nil where its lock can't be read.
    package let origin: Origin?
    /// In the order in which they are told.
    package let checks: [Check]

    /// Whether nothing was found.
    package var isGood: Bool { checks.allSatisfy(\.findings.isEmpty) }
}
