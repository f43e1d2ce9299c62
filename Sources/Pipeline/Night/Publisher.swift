import Primitives
import SystemPackage

/// Where nights publish to.
///
/// What somebody sees there is right at every moment: `latest` leads to an image that is whole, with all that belongs to it, and moves
/// in one step after everything else is there.
protocol Publisher: Sendable {
    /// As the user called it.
    var shown: String { get }

    /// Looks whether it can be published to, and at what is there. Throws where it can't.
    func last() async throws -> LastNight?

    /// Puts `files` there, the image called `image` among them; then `latest` leads to that, and of the images of ours the newest
    /// `keep` stay. Returns how many there are.
    func publish(_ files: [FilePath], image: String, keep: Int) async throws -> Int

    /// Puts `files` there that belong to no image.
    func put(_ files: [FilePath]) async throws
}

/// The words of `--publish`.
enum PublishTarget {
    /// The publisher that `text` means: `rsync://host/module`, `host::module` and `host:path`, where no slash stands before the
    /// colon, are rsync's (rsync(1)); all else is a folder, which `absolute` finds.
    static func publisher(
        _ text: String, environment: [String: String], absolute: (FilePath) -> FilePath
    ) -> any Publisher {
        let isRemote = text.hasPrefix("rsync://") || text.prefix { $0 != "/" }.contains(":")
        return isRemote
            ? RsyncPublisher(target: text, environment: environment)
            : FolderPublisher(folder: absolute(FilePath(text)), shown: text)
    }
}

/// What nights call their files.
enum NightFiles {
    /// The link to the latest image.
    static let latest = "latest"

    /// The names of what tells why a night failed, and of the lock that it failed with.
    static func failure(_ stamp: String) -> (report: String, lock: String) {
        ("\(stamp).failed.md", "\(stamp).failed.lock")
    }

    /// The moment in the name of a file that `failure` called so: "20261128-031502"; nil for other names.
    static func stamp(ofFailure name: String) -> String? {
        guard let stamp = name.split(separator: ".", maxSplits: 1).first.map(String.init) else { return nil }
        let names = failure(stamp)
        let isStamp =
            stamp.utf8.count == 15
            && stamp.utf8.enumerated().allSatisfy {
                $0.offset == 8 ? $0.element == UInt8(ascii: "-") : "0123456789".utf8.contains($0.element)
            }
        return isStamp && (name == names.report || name == names.lock) ? stamp : nil
    }

    /// Those of `names` that tell of failures beyond the newest `keep`.
    static func outdatedFailures(in names: [String], keep: Int) -> [String] {
        let stamps = Set(names.compactMap(stamp(ofFailure:))).sorted(by: >)
        let outdated = Set(stamps.dropFirst(keep))
        return names.filter { stamp(ofFailure: $0).map(outdated.contains) == true }
    }

    /// Those of `images`, with the times at which they were made, that go so that `keep` stay, the latest always. `isWhole` says
    /// whether the image itself is there: of what a killed night left, it may not be.
    static func outdatedImages(
        _ images: [(name: String, time: Int64)], latest: String, keep: Int, isWhole: (String) -> Bool
    ) -> [String] {
        let others = images.filter { $0.name != latest }
        let whole = others.filter { isWhole($0.name) }.sorted { ($0.time, $0.name) > ($1.time, $1.name) }
        return others.map(\.name).filter { !isWhole($0) } + whole.dropFirst(max(keep - 1, 0)).map(\.name)
    }
}
