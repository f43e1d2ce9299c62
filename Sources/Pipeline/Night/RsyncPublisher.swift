import Primitives
import SystemPackage

/// Publishes to what rsync(1) reaches: another machine by ssh, or a daemon of rsync's.
///
/// rsync writes each file under another name and renames it. What belongs to the image goes first, then the image, then `latest`, each
/// in a run of its own. What is there is known by a listing and by the small files, which are fetched.
///
/// Nothing is kept of a file that did not arrive (`--delay-updates` and `--partial` would): the next image is another one, and half of
/// the last one would take its room.
struct RsyncPublisher: Publisher {
    let target: String
    let environment: [String: String]

    var shown: String { target }

    /// The target as a folder: what is in it is meant.
    private var folder: String { target.hasSuffix("/") ? target : target + "/" }

    func last() async throws -> LastNight? {
        let empty = try PrivateFolder()
        // Makes the folder, and shows that it can be written to.
        try await rsync(["--dirs", "--omit-dir-times", "\(empty.path)/", folder])
        let there = try await state()
        return there.latest.map { LastNight(image: $0, filesIn: there.folder.path) }
    }

    func publish(_ files: [FilePath], image: String, keep: Int) async throws -> Int {
        try await remove(Self.leftovers)
        try await send(files.filter { $0.lastComponent?.string != image })
        try await send(files.filter { $0.lastComponent?.string == image })
        try await pointLatest(at: image)
        return try await prune(latest: image, keep: keep)
    }

    func put(_ files: [FilePath]) async throws { try await send(files) }

    private func send(_ files: [FilePath]) async throws {
        guard !files.isEmpty else { return }
        try await rsync(["--times", "--chmod=F644"] + files.map(\.string) + [folder])
    }

    private func pointLatest(at image: String) async throws {
        let holder = try PrivateFolder()
        let link = holder.path.appending(NightFiles.latest)
        try Files.makeLink(at: link, to: image)
        try await rsync(["--links", link.string, folder])
        withExtendedLifetime(holder) {}
    }

    private func prune(latest: String, keep: Int) async throws -> Int {
        let there = try await state()
        let images = try PublishedFiles(folder: there.folder.path).datedImages()
        let outdated = NightFiles.outdatedImages(images, latest: latest, keep: keep) { there.names.contains($0) }
        let failures = NightFiles.outdatedFailures(in: there.names.sorted(), keep: keep)
        // The image first, so that none is without its checksum; all others in a second run.
        try await remove(outdated)
        try await remove(outdated.flatMap(PublishedFiles.names) + failures)
        return images.count - outdated.count
    }

    /// What files are called there while they arrive, as rsync's patterns: an rsync that is killed there can't remove its own.
    private static let leftovers = [".kldload-*.??????", ".\(NightFiles.latest).??????"]

    /// Removes the files called `names`: those that a folder without them does not have; everything else is excluded.
    private func remove(_ names: [String]) async throws {
        guard !names.isEmpty else { return }
        let empty = try PrivateFolder()
        try await rsync(
            ["--dirs", "--delete", "--omit-dir-times"] + names.map { "--include=/\($0)" }
                + ["--exclude=*", "\(empty.path)/", folder])
        withExtendedLifetime(empty) {}
    }

    /// What is there: the names of all files; the small ones that tell of images, fetched; the image that `latest` leads to.
    private func state() async throws -> (names: Set<String>, folder: PrivateFolder, latest: String?) {
        let listing = try await rsync(["--list-only", "--links", folder])
        let names = Set(listing.lines.compactMap(Self.name(inListing:)))
        let holder = try PrivateFolder()
        let small = [NightFiles.latest, "kldload-*.iso.sha256", "kldload-*.lock", "kldload-*.night.json"]
        try await rsync(
            ["--dirs", "--links", "--times"] + small.map { "--include=/\($0)" }
                + ["--exclude=*", folder, "\(holder.path)/"])
        let link = holder.path.appending(NightFiles.latest)
        var latest: String?
        if let status = try FileStatus(at: link) {
            guard status.kind == .symbolicLink else { throw NotOurLink(path: FilePath(target).appending("latest")) }
            let image = try Files.readLink(link)
            let isOurs = try PublishedFiles(folder: holder.path).images().contains(image)
            if isOurs, names.contains(image) { latest = image }
        }
        return (names, holder, latest)
    }

    /// The name in a line of a listing: "-rw-r--r--  1,234 2026/11/28 03:15:02 name"; of a link "lrwxrwxrwx … name -> target".
    static func name(inListing line: String) -> String? {
        let words = line.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: true)
        guard words.count == 5, words[0].count == 10 else { return nil }
        let name = String(words[4].drop { $0 == " " })
        guard words[0].hasPrefix("l"), let end = name.indices.first(where: { name[$0...].hasPrefix(" -> ") })
        else { return name }
        return String(name[..<end])
    }

    @discardableResult
    private func rsync(_ arguments: [String]) async throws -> ChildProgram.Outcome {
        // Nobody is there to type a password; a way of one's own to reach the machine is the user's word.
        let shell = environment["RSYNC_RSH"] ?? "ssh -o BatchMode=yes"
        let program = ChildProgram(
            "rsync", environment: environment, changes: ["LC_ALL": "C", "RSYNC_RSH": shell], hasOwnGroup: true)
        let outcome: ChildProgram.Outcome
        do {
            outcome = try await program.run(["--protect-args", "--timeout=300"] + arguments)
        } catch let failure as ChildProgram.Failure {
            switch failure {
            case .notFound: throw RsyncMissing(target: target)
            case .failed(let words): throw RsyncFailed(target: target, status: nil, messages: [words])
            }
        }
        guard outcome.isSuccess else {
            throw RsyncFailed(target: target, status: outcome.status, messages: outcome.messages)
        }
        return outcome
    }
}

struct RsyncMissing: UserError {
    let target: String
    var what: String { "rsync is not installed, so nothing can be published to \(target)" }
    var hint: String? { "apt-get install rsync; or publish to a folder" }
}

struct RsyncFailed: UserError {
    let target: String
    /// rsync(1), "EXIT VALUES"; nil where it did not run. Where ssh fails, it is 255 or 12, as it happens.
    let status: Int32?
    let messages: [String]
    var what: String {
        guard let status else { return "rsync could not reach or write \(target)" }
        return "rsync could not reach or write \(target): \(Self.meaning(of: status)) (exit \(status))"
    }
    /// What a status stands for: the words of the other end are lost where ssh ends before they have come through.
    private static func meaning(of status: Int32) -> String {
        switch status {
        case 5, 10, 255: "no connection"
        case 11: "a disk could not be read or written, as when it is full"
        case 12: "no connection, or it broke off"
        case 23, 24: "not every file arrived"
        case 30, 35: "the other end was silent for too long"
        default: "it failed"
        }
    }

    var details: [String] { messages.suffix(8).map { "  \($0)" } }
    var hint: String? {
        "what was published before is as it was; try rsync --list-only '\(target)/'"
            + (target.hasPrefix("rsync://") || target.contains("::")
                ? ""
                : " as the user of the nights: ssh must ask nothing; a port, a key: ~/.ssh/config, or RSYNC_RSH=\"ssh -p 2222 -i …\"")
    }
}
