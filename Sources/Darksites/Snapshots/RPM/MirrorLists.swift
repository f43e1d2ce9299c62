import ContentStore
import Packages
import Primitives
import RPM
import SystemPackage
import Transfer

/// The mirrors of a repository, as its list names them.
struct FoundMirrors {
    /// Without a slash at the end, the most wanted first.
    let addresses: [String]
    /// Those of repomd.xml that are good, the newest first; nothing where a plain list was asked.
    let states: [MirrorList.State]
    /// Whether nobody on the way can have made the list up.
    let isVouchedFor: Bool
    /// What the person should know about it.
    var remark: String?
}

/// Asks for lists of mirrors. The last good one of each repository is kept, and counts where the server of lists does not answer.
struct MirrorLists {
    private let kept: KeptResults?
    private let workArea: WorkArea
    private let downloader: Downloader

    init(workArea: WorkArea, downloader: Downloader, kept: KeptResults?) {
        self.kept = kept
        self.workArea = workArea
        self.downloader = downloader
    }

    /// How many mirrors of a list are tried: it may have hundreds.
    private static let limit = 8

    /// The mirrors of `repository`. Throws `TransferErrors` or `MetadataError` where there is no list, and none was kept.
    func mirrors(of repository: String, _ source: MirrorListSource) async throws -> FoundMirrors {
        do {
            let name = "\(repository) \(source.kind == .metalink ? "metalink" : "mirrorlist")"
            let downloaded = try await downloader.download(
                DownloadRequest(
                    name: name, sources: [source.url], destination: workArea.file("\(repository)-mirrors"),
                    limit: ByteCount(16 << 20), deadline: SignedFileFetch.deadline))
            let bytes = try Files.read(downloaded.destination)
            try Files.remove(downloaded.destination)
            let list = Kept(asked: source.url, hops: downloaded.hops, bytes: bytes)
            let found = try mirrors(in: list, source, repository)
            kept?.keep(list.text, as: repository, in: .mirrors)
            return found
        } catch let error as any UserError {
            guard let text = kept?.content(repository, in: .mirrors), let list = Kept(text),
                list.asked == source.url, var found = try? mirrors(in: list, source, repository)
            else { throw error }
            found.remark = "\(repository): the list of mirrors is the one of last time: \(error.what)"
            return found
        }
    }

    /// A list with where it came from, as it is kept: the addresses on a line.
    private struct Kept {
        let asked: String
        /// Every address that gave a part in it: what was asked, and where redirects led.
        let hops: [String]
        let bytes: [UInt8]

        init(asked: String, hops: [String], bytes: [UInt8]) {
            self.asked = asked
            self.hops = hops
            self.bytes = bytes
        }

        init?(_ text: [UInt8]) {
            let parts = text.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
            let addresses = String(decoding: parts[0], as: UTF8.self).split(separator: " ").map(String.init)
            guard parts.count == 2, let asked = addresses.first else { return nil }
            self.init(asked: asked, hops: Array(addresses.dropFirst()), bytes: Array(parts[1]))
        }

        var text: [UInt8] { Array(([asked] + hops).joined(separator: " ").utf8) + [0x0A] + bytes }
    }

    private func mirrors(
        in kept: Kept, _ source: MirrorListSource, _ repository: String
    ) throws -> FoundMirrors {
        let name = "\(repository), \(source.kind == .metalink ? "metalink" : "mirrorlist")"
        // As dnf has it, a mirrorlist may turn out to be a metalink; it does not vouch for anything then.
        let isMetalink = source.kind == .metalink || MirrorList.isMetalink(kept.bytes)
        let list =
            isMetalink
            ? try MirrorList(metalink: kept.bytes, source: name) : try MirrorList(list: kept.bytes, source: name)
        let addresses = [kept.asked] + kept.hops
        let isOwn = addresses.allSatisfy(Self.isOwn)
        // A list from elsewhere has nothing to say about the files of this machine.
        let mirrors = list.repositories.filter {
            $0.hasPrefix("http://") || $0.hasPrefix("https://") || isOwn && $0.hasPrefix("file://")
        }
        guard !mirrors.isEmpty else { throw MetadataError(source: name, problem: .empty) }
        return FoundMirrors(
            addresses: Array(mirrors.prefix(Self.limit)), states: list.states,
            isVouchedFor: source.kind == .metalink && Self.vouch(addresses))
    }

    /// Whether nobody on the way can have made up what came over `addresses`, the one that was asked for and those that redirects
    /// led to: one of them in the clear, and somebody else chose the last one.
    static func vouch(_ addresses: [String]) -> Bool { !addresses.isEmpty && addresses.allSatisfy(isSecure) }

    /// Whether nobody on the way to `url` can change what it gives.
    static func isSecure(_ url: String) -> Bool { isOwn(url) || url.lowercased().hasPrefix("https://") }

    /// Whether an address is one of this machine.
    private static func isOwn(_ url: String) -> Bool {
        if url.hasPrefix("file://") || url.hasPrefix("/") { return true }
        guard url.hasPrefix("http://") else { return false }
        let authority = url.dropFirst(7).prefix { $0 != "/" }
        return ["127.0.0.1", "[::1]", "localhost"].contains { host in
            authority == host
                || authority.hasPrefix(host + ":") && authority.dropFirst(host.count + 1).allSatisfy(\.isNumber)
        }
    }
}

extension RepositoryAddresses {
    /// The same, with the mirrors of those of `repositories` that have a list and no address. Each of these lists is asked for.
    /// Throws as `MirrorLists` does.
    func found(
        for repositories: Set<String>, workArea: WorkArea, downloader: Downloader
    ) async throws -> RepositoryAddresses {
        var addresses = byName
        for name in repositories.sorted() where (byName[name] ?? []).isEmpty {
            guard let source = lists[name] else { continue }
            addresses[name] = try await MirrorLists(workArea: workArea, downloader: downloader, kept: kept)
                .mirrors(of: name, source).addresses
        }
        return at(addresses)
    }
}
