import BuildGraph
import Installation
package import Primitives
package import SystemPackage

/// A copy of an image that has answers on it.
package struct SeededCopy: Sendable {
    /// Where it is.
    package let path: FilePath
    /// Of the whole image.
    package let size: ByteCount
    /// Of the whole image, as its checksum file says it.
    package let digest: Digest
    /// The scripts that were put on it, in the order in which they run.
    package let postinstallers: [String]
    /// Whether there are passwords among the answers.
    package let holdsSecrets: Bool
    /// Whether it installs over whatever is on the disks.
    package let wipes: Bool
}

/// Answers on a disk of their own, or on the image itself.
extension Project {
    /// The answers in the file `answers`, after `judge` has found nothing wrong in them, and what it warns of is said. Throws `UserErrors`
    /// with all that it found.
    private func judged(_ answers: FilePath, by judge: AnswersJudge) async throws -> Answers {
        let file = surroundings.absolute(answers)
        do {
            let judged = try await judge.read(file)
            for warning in judged.warnings { events(.warning(warning)) }
            return judged
        } catch let errors as UserErrors {
            throw UserErrors(errors.errors.map { relabelled($0, from: file, to: answers) })
        }
    }

    /// Makes the image of a seed disk at `output`, with the answers of the file `answers`, after the installer's own loader
    /// has found nothing wrong in them.
    ///
    /// Throws `UserErrors` with all that it found, `Mistake` where the output is no place for a file or another file is there,
    /// `FileError`.
    package func makeSeedDisk(answers: FilePath, at output: FilePath) async throws {
        let file = surroundings.absolute(answers)
        let place = surroundings.absolute(output)
        _ = try await judged(answers, by: answersJudge())
        if let status = try FileStatus(at: place), status.kind != .regular {
            throw Mistake(
                "\(output) is no file", at: nil,
                hint: "make an image, and write that to the stick: deploy seed \(answers) -o seed.img")
        }
        let image = try SeedDisk.image(answers: try Files.read(file))
        if let status = try FileStatus(at: place), status.size > 0 {
            let isSeed = try status.size == image.count && SeedDisk.isImage(Files.read(place))
            guard isSeed else {
                throw Mistake(
                    "\(output) is there, and is no seed disk", at: nil,
                    hint: "name another file with -o, or remove this one")
            }
        }
        try Files.write(image, to: place, permissions: .ownerReadWrite)
    }

    /// Writes a copy of the image `image` to `output`, with the answers of the file `answers` on it, and with the scripts
    /// `postinstallers`, which run at the end of the installation.
    ///
    /// Throws `UserErrors` with all that is wrong with the answers, for what is on that image; `Mistake` where the image is none to put
    /// them into, a script is none that the installer would run, or another file is at the output; `FileError`, `CancellationError`.
    package func seed(
        _ image: FilePath, answers: FilePath, postinstallers: [FilePath], at output: FilePath
    ) async throws -> SeededCopy {
        let iso = surroundings.absolute(image)
        guard Files.exists(iso) else { throw Mistake("there is no image \(image)", at: nil) }
        let place = surroundings.absolute(output)
        let seeded = try await BlockingWork.run { try SeededImage(iso, shownAs: image.string) }
        let said = try await judged(answers, by: answersJudge(offers: seeded.offers))
        let scripts = try postinstallers.map { try postinstaller($0) }
        if let twice = Dictionary(grouping: scripts, by: \.name).first(where: { $1.count > 1 }) {
            throw Mistake("two postinstallers are called \(twice.key)", at: nil)
        }
        if let status = try FileStatus(at: place),
            status.kind != .regular || (status.size > 0 && !SeededImage.isSeeded(place))
        {
            throw Mistake(
                "\(output) is there, and is no image with answers", at: nil,
                hint: "name another file with -o, or remove this one")
        }
        let written = try await seeded.write(
            answers: Files.read(surroundings.absolute(answers)), postinstallers: scripts, to: place,
            environment: surroundings.environment)
        return SeededCopy(
            path: place, size: written.size, digest: written.digest, postinstallers: scripts.map(\.name).sorted(),
            holdsSecrets: !said.secrets.isEmpty, wipes: said["KLDLOAD_FORCE_WIPE"] == "1")
    }

    private func postinstaller(_ path: FilePath) throws -> SeededImage.Postinstaller {
        let file = surroundings.absolute(path)
        guard let name = file.lastComponent?.string, let status = try FileStatus(at: file, followsLinks: true),
            status.kind == .regular
        else { throw Mistake("there is no script \(path)", at: nil) }
        let isPlain = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
        guard isPlain, !name.hasPrefix(".") else {
            throw Mistake("a postinstaller's name has letters, digits, . _ - only, and \(path) has others", at: nil)
        }
        let isExecutable = status.permissions & 0o111 != 0
        // Those that the installer leaves alone (postinstall.sh).
        let isLeftOver = [".bak", ".orig"].contains { name.hasSuffix($0) } || name.contains(".dpkg-")
        guard isExecutable || name.hasSuffix(".sh"), !isLeftOver else {
            throw Mistake(
                "the installer would leave \(path) alone: it is \(isLeftOver ? "a copy by its name" : "not executable")",
                at: nil,
                hint: isLeftOver ? nil : "chmod +x \(path)")
        }
        return SeededImage.Postinstaller(name: name, content: try Files.read(file), isExecutable: isExecutable)
    }

    /// `error` with the file called as the user called it.
    func relabelled(_ error: any UserError, from: FilePath, to: FilePath) -> any UserError {
        guard let place = error.location, place.file == from.string else { return error }
        return Mistake(
            error.what, at: SourceLocation(file: to.string, line: place.line), details: error.details, hint: error.hint)
    }
}
