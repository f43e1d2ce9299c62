package import Primitives

/// The answers that a golden image is installed with: those of a person, but for what has to be as it is on the way to an image.
package enum GoldenAnswers {
    /// What the image decides, whatever the answers say: its one disk in the machine, that the system is sealed, and the end of it all.
    package static let decided: [(name: String, value: String)] = [
        ("KLDLOAD_DISK", "/dev/vda"), ("KLDLOAD_SEAL", "1"), ("KLDLOAD_AFTER", "poweroff"),
    ]

    /// `text`, an answers file, with what the image decides in the place of what it says of that. Its lines keep their numbers.
    package static func merged(_ text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            decided.contains { sets($0.name, line) } ? "" : line
        }
        return lines.map { "\($0)\n" }.joined() + decided.map { "\($0.name)=\($0.value)\n" }.joined()
    }

    /// Whether a line gives `name` a value, as answers.sh reads it.
    private static func sets(_ name: String, _ line: Substring) -> Bool {
        var words = line.drop { $0 == " " || $0 == "\t" || $0 == "\u{FEFF}" }
        if words.hasPrefix("export"), let next = words.dropFirst(6).first, next == " " || next == "\t" {
            words = words.dropFirst(6).drop { $0 == " " || $0 == "\t" }
        }
        return words.hasPrefix("\(name)=")
    }

    /// The answers for who gives none: the administrator is there, and nobody knows the password, which need not be locked then. Who logs
    /// in to a clone, and with which key, is for cloud-init to say.
    package static func made(distribution: String, profile: String, password: String) -> String {
        """
        # Made by deploy golden.
        KLDLOAD_DISTRO=\(distribution)
        KLDLOAD_PROFILE=\(profile)
        KLDLOAD_HOSTNAME=golden
        KLDLOAD_PASSWORD=\(password.shellQuoted)
        KLDLOAD_SEAL_PASSWORDS=keep

        """
    }

    /// A password that nobody will know: 24 letters and digits.
    package static func password() -> String {
        let letters = Array("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789")
        return String((0..<24).map { _ in letters[Int.random(in: 0..<letters.count)] })
    }

    /// What the installation was told, as an answers file, without its secrets.
    package static func withoutSecrets(_ answers: Answers) -> String {
        answers.names.compactMap { name in
            let value = answers[name]
            guard answers.isSecret(name) else { return "\(name)=\(value.shellQuoted)\n" }
            return value.isEmpty ? nil : "# \(name) was given. It is a secret, and not kept.\n"
        }.joined()
    }

    /// How somebody gets into a clone who looks whether it is right.
    ///
    /// `packages` are those of the profile, as the ISO has them; `isMade` says that the password was forgotten.
    package static func login(_ answers: Answers, packages: [UInt8], isMade: Bool) -> CloneTest.Login {
        if hasCloudInit(packages) { return .seed }
        let password = answers["KLDLOAD_PASSWORD"]
        guard !isMade, answers["KLDLOAD_SEAL_PASSWORDS"] == "keep", !password.isEmpty, !password.hasPrefix("$") else {
            return .nobody
        }
        return .password(user: answers["KLDLOAD_USERNAME"], password)
    }

    /// Whether cloud-init is among `packages`, a line each.
    package static func hasCloudInit(_ packages: [UInt8]) -> Bool {
        packages.split(separator: UInt8(ascii: "\n")).contains { $0.starts(with: "cloud-init ".utf8) }
    }

    /// Throws `Mistake` for answers that no image can be made with.
    package static func check(_ answers: Answers) throws(Mistake) {
        guard answers["KLDLOAD_STORAGE_MODE"] == "zfs", answers["KLDLOAD_ZFS_TOPOLOGY"] == "single" else {
            throw Mistake(
                "a golden image has one disk: the answers ask for storage \(answers["KLDLOAD_STORAGE_MODE"]), topology \(answers["KLDLOAD_ZFS_TOPOLOGY"])",
                at: nil, hint: "leave out KLDLOAD_ZFS_TOPOLOGY and KLDLOAD_STORAGE_MODE")
        }
        let export = answers["KLDLOAD_EXPORT_FORMAT"]
        guard export == "none" else {
            throw Mistake(
                "the answers ask the installer for an image of its own (KLDLOAD_EXPORT_FORMAT=\(export))", at: nil,
                hint: "leave it out, and say it here: --format \(export)")
        }
    }
}
