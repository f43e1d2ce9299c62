package import Archives
import LiveImage
package import Primitives
package import SystemPackage

/// A copy of a finished image with answers on it, which installs by itself.
///
/// They lie in `kldload/answers`, a folder that every image has whose live system looks there: `answers.conf`, `postinstall.d/`, and
/// `sha256sums` of both. Nothing else of the image changes but where its files lie: xorriso writes the tree that it has found anew, with
/// the same boot records, partitions, dates and numbers.
package struct SeededImage: Sendable {
    /// A script that runs at the end of the installation.
    package struct Postinstaller: Hashable, Sendable {
        /// Decides when it runs: "50-site.sh".
        package let name: String
        /// What it does.
        package let content: [UInt8]
        /// Whether it is run as it is; else by bash.
        package let isExecutable: Bool

        package init(name: String, content: [UInt8], isExecutable: Bool) {
            self.name = name
            self.content = content
            self.isExecutable = isExecutable
        }
    }

    /// The folder of answers on an image.
    package static let folder = ImageLayout.answers
    private static let answersName = "answers.conf"

    private let image: FilePath
    private let header: DiscVolume.Header
    /// What can be installed from the image: "debian/core".
    package let offers: [String]

    /// Looks at the image. Throws `Mistake` where it is none that deploy built, or none whose live system looks for answers on it;
    /// `ArchiveError`, `FileError`.
    package init(_ image: FilePath, shownAs name: String) throws {
        guard DiscImage.isImage(image) else { throw Mistake("\(name) is no ISO image", at: nil) }
        let volume = try DiscVolume(image)
        let names = try volume.entries().map(\.path)
        guard names.contains("kldload/medium") else { throw Mistake("\(name) is none that deploy built", at: nil) }
        guard names.contains(Self.folder) else {
            throw Mistake(
                "the live system of \(name) looks for no answers on its medium", at: nil,
                hint: "build the image anew, or make a seed disk beside it: deploy seed ANSWERS")
        }
        self.image = image
        header = volume.header
        offers = Self.offers(among: names)
    }

    /// What can be installed from the image at `image`: "debian/core". Throws `ArchiveError`.
    package static func offers(on image: FilePath) throws(ArchiveError) -> [String] {
        offers(among: try DiscImage.names(on: image))
    }

    private static func offers(among names: [String]) -> [String] {
        names.compactMap { name in
            let parts = name.split(separator: "/")
            guard parts.count == 4, parts[0] == "darksite", parts[2] == "profiles" else { return nil }
            return "\(parts[1])/\(parts[3])"
        }
    }

    /// Whether the file at `path` is an image with answers on it.
    package static func isSeeded(_ path: FilePath) -> Bool {
        DiscImage.isImage(path)
            && (try? DiscImage.names(on: path).contains("\(folder)/\(answersName)")) == true
    }

    /// Writes the copy to `output`, which only its owner can read, and its checksum beside it. Answers that were on the image are
    /// replaced. `environment` is what xorriso runs with.
    ///
    /// Throws `Mistake` where there is no xorriso or no room, `FileError`, `CancellationError`; nothing is at `output` then that was not
    /// there before.
    package func write(
        answers: [UInt8], postinstallers: [Postinstaller], to output: FilePath, environment: [String: String]
    ) async throws -> (digest: Digest, size: ByteCount) {
        let staged = try PrivateFolder()
        try stage(answers, postinstallers, in: staged.path)
        let folder = output.removingLastComponent()
        let needed = ByteCount(try FileStatus(at: image, followsLinks: true)?.size ?? 0)
        let free = try Files.freeSpace(at: folder)
        guard free > needed else {
            throw Mistake("the copy has about \(needed), and \(free) are free in \(folder)", at: nil)
        }
        let temporary = folder.appending(".\(output.lastComponent?.string ?? "image").new")
        do {
            try Files.write([], to: temporary, permissions: .ownerReadWrite)
            try await runXorriso(from: staged.path, to: temporary, hasScripts: !postinstallers.isEmpty, environment)
            let result = try await BlockingWork.run { try Files.digest(temporary) }
            try Files.rename(temporary, to: output)
            let line = "\(result.digest.hex)  \(output.lastComponent?.string ?? "")\n"
            try Files.write(line.utf8, to: FilePath(output.string + ".sha256"))
            return (result.digest, ByteCount(result.size))
        } catch {
            try? Files.remove(temporary)
            throw error
        }
    }

    private func stage(_ answers: [UInt8], _ postinstallers: [Postinstaller], in folder: FilePath) throws {
        try Files.write(answers, to: folder.appending(Self.answersName), permissions: .ownerRead)
        var sums = "\(Digest(of: answers).hex)  \(Self.answersName)\n"
        if !postinstallers.isEmpty { try Files.createDirectory(folder.appending("postinstall.d")) }
        for script in postinstallers.sorted(by: { $0.name < $1.name }) {
            let path = "postinstall.d/\(script.name)"
            try Files.write(
                script.content, to: folder.pushing(FilePath(path)),
                permissions: script.isExecutable ? [.ownerRead, .ownerExecute] : .ownerRead)
            sums += "\(Digest(of: script.content).hex)  \(path)\n"
        }
        try Files.write(sums.utf8, to: folder.appending("sha256sums"), permissions: .ownerRead)
    }

    private func runXorriso(
        from staged: FilePath, to output: FilePath, hasScripts: Bool, _ environment: [String: String]
    ) async throws {
        let place = "/\(Self.folder)"
        let xorriso = ChildProgram(
            "xorriso", environment: environment, changes: ["LC_ALL": "C", "TZ": "UTC", "SOURCE_DATE_EPOCH": nil],
            hasOwnGroup: true)
        let folders = [place] + (hasScripts ? ["\(place)/postinstall.d"] : [])
        let arguments =
            ["-no_rc", "-abort_on", "FAILURE", "-compliance", "no_emul_toc"]
            + ["-indev", image.string, "-outdev", output.string]
            // As it was found: El Torito, its images patched, boot records, the appended partition.
            + ["-boot_image", "any", "replay", "-boot_image", "any", "gpt_disk_guid=\(header.partitionTable)"]
            + ["-rm_r", place, "--", "-map", staged.string, place]
            + ["-chown_r", "0", place, "--", "-chgrp_r", "0", place, "--", "-chmod", "0500"] + folders + ["--"]
            // GRUB and live-boot find the medium by what is on it; blkid calls it by its date.
            + ["-volume_date", "uuid", header.modified, "-volume_date", "all_file_dates", header.fileDate]
            + ["-commit", "-rollback_end"]
        do {
            let result = try await xorriso.run(arguments)
            guard result.isSuccess else {
                throw FailedProgram(
                    what: "xorriso could not write the copy (it ended with \(result.status))",
                    details: result.messages.filter {
                        $0.contains("FAIL") || $0.contains("SORRY") || $0.contains("FATAL")
                    })
            }
        } catch ChildProgram.Failure.notFound {
            throw Mistake(
                "there is no xorriso on this host, which puts files into an image", at: nil,
                hint: "apt-get install xorriso")
        } catch let failure as ChildProgram.Failure {
            throw FailedProgram(what: "xorriso could not be run", details: ["\(failure)"])
        }
    }
}

/// A program of this host that did not do what it was asked to.
struct FailedProgram: UserError {
    let what: String
    let details: [String]
}
