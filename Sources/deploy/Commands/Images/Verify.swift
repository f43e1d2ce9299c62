import ArgumentParser
import Evidence
import SystemPackage

struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find out whether an ISO is what it says it is.",
        discussion: """
            Needs no network, no checkout and no store: the ISO, what lies beside it, and gpgv. Held against each other are \
            signatures, the digest of every file, the indexes of every mirror, what each profile needs of its mirror, the bills \
            of materials and the statement of how it was built; and the files beside the ISO, where they are there.

            Without --key, signatures are held against the key that lies on the ISO itself. That proves that all of it was made \
            together, and not by whom.

            Exit codes: 0 it is, 1 something is wrong, 2 it is no such ISO.
            """)

    @OptionGroup var options: IndependentOptions

    @Option(
        help: ArgumentHelp(
            "The public key of who should have made it, as `deploy key --export` prints it.", valueName: "file"))
    var key: String?

    @Argument(help: "The ISO, or the device that it was written to.")
    var image: String

    func run() async throws {
        let (image, key) = (image, key)
        try await options.answer { _ in
            let verification = ImageVerification(
                of: FilePath(image), shownAs: image, key: key.map { FilePath($0) })
            return VerificationAnswer(report: try await verification.report(), key: key)
        }
    }
}
