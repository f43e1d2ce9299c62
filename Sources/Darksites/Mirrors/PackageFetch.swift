package import BuildGraph
package import ContentStore
package import Primitives
import SystemPackage
package import Transfer

/// Brings files that are named by digest into the content store: what is there already is not asked for again.
package struct PackageFetch: Sendable {
    /// Where files are, and what goes there.
    package typealias Source = (addresses: RepositoryAddresses, downloader: Downloader)

    private let source: @Sendable () async throws -> Source

    /// Fetches from these addresses.
    package init(addresses: RepositoryAddresses, downloader: Downloader) { self.init { (addresses, downloader) } }

    /// `source` is asked when there is something to fetch.
    package init(from source: @escaping @Sendable () async throws -> Source) { self.source = source }

    /// The step that fetches `files` into a flat tree called `packages`, by the names that `ArchiveFile.names(of:)` gives them.
    ///
    /// Its key holds the files' digests and names, and not where they come from. Two such steps never run at once, because
    /// both may want the same file. Throws `TreeError` for a name that no file can have.
    package func step(_ name: StepName, stage: Stage, title: String, files: [ArchiveFile]) throws(TreeError) -> Step {
        var tree = FileTree()
        let names = ArchiveFile.names(of: files)
        for file in files {
            try tree.set(.file(file.blob), at: names[file] ?? file.name)
        }
        let lines = files.map(\.line).sorted().joined(separator: "\n")
        let wanted = tree
        return Step(
            name, stage: stage, title: title, inputs: ["files": .literal(Array(lines.utf8))],
            action: .native(identifier: "fetch", version: 1) { context in
                let fetched = try await fetch(files, into: context.store, areLocked: true) { context.report($0) }
                let packages = try await context.output(tree: wanted)
                return StepResult(
                    outputs: ["packages": packages],
                    summary: "\(files.count) files, \(packages.size)" + fetched.remark(of: files.count))
            },
            outputs: ["packages": .tree], cores: 0, exclusive: "network", disk: DiskUse(fetched: files.map(\.blob)))
    }

    /// What a fetch had to download.
    package struct Fetched: Sendable, CustomStringConvertible {
        /// How many; files that were in the store are not counted.
        package var files = 0
        /// Their sizes together.
        package var bytes = ByteCount.zero
        package var description: String { "\(files) (\(bytes))" }

        /// What to add to a summary of `count` files.
        func remark(of count: Int) -> String { files == 0 ? ", none new" : files < count ? ", \(self) new" : "" }
    }

    /// Downloads those of `files` that `store` does not hold intact. Throws `TransferErrors`, or `FilesGone`
    /// where the mirrors have none of what could not be had; of what a lock names (`areLocked`), `IndexGone` where they have other
    /// indexes in its place.
    @discardableResult
    package func fetch(
        _ files: [ArchiveFile], into store: any ArtifactStore, areLocked: Bool = false,
        report: @escaping @Sendable (StepProgress) -> Void = { _ in }
    ) async throws -> Fetched {
        var absent = Set(try await store.fetch(Set(files.map(\.blob))).map(\.digest))
        let missing = files.filter { absent.remove($0.digest) != nil }
        guard !missing.isEmpty else { return Fetched() }
        let (declared, downloader) = try await source()
        let addresses = try await declared.found(
            for: Set(missing.map(\.repository)), workArea: store.workArea, downloader: downloader)
        let requests = missing.map { file in
            DownloadRequest(
                name: file.shown, sources: addresses.sources(of: file),
                destination: store.workArea.file(file.digest.hex), digest: file.digest, size: file.size)
        }
        let activity = "fetching \(missing.count) files"
        do {
            try await downloader.download(
                requests,
                progress: { progress in
                    report(
                        StepProgress(
                            activity: activity, completed: progress.bytesDone.bytes, total: progress.bytesTotal.bytes,
                            unit: .bytes))
                },
                finished: { file in try await store.insert(file) })
        } catch let error as TransferErrors
            where areLocked && error.files.allSatisfy({ missing[$0.index].isIndex && $0.isAnother })
        {
            let repositories = Set(error.files.map { missing[$0.index].repository })
            throw IndexGone(
                transfer: error, repositories: repositories.sorted(),
                withoutService: repositories.intersection(addresses.withoutService).sorted())
        } catch let error as TransferErrors where error.isMissing {
            let repositories = Set(error.files.map { missing[$0.index].repository })
            throw FilesGone(
                transfer: error, withoutService: repositories.intersection(addresses.withoutService).sorted())
        }
        return Fetched(files: missing.count, bytes: missing.reduce(.zero) { $0 + $1.size })
    }
}

extension TransferErrors.File {
    /// Whether some place has something else under its name, and none has it.
    fileprivate var isAnother: Bool {
        func isOther(_ failure: SourceFailure) -> Bool {
            switch failure {
            case .wrongSize, .wrongDigest, .tooLong: true
            default: false
            }
        }
        return sources.contains { isOther($0.reason) }
            && sources.allSatisfy { $0.reason.isMissing || isOther($0.reason) }
    }
}

/// Files that neither the store, nor a mirror, nor a snapshot service has any more: archives delete what is superseded.
struct FilesGone: UserError {
    let transfer: TransferErrors
    /// The repositories of those files for which no snapshot service is declared.
    let withoutService: [String]
    var what: String { transfer.what }
    var details: [String] { transfer.details }
    var hint: String? { GoneHint(withoutService: withoutService).text }
}

/// What to do about something that is locked and gone.
struct GoneHint {
    let withoutService: [String]

    var text: String {
        let service =
            withoutService.isEmpty
            ? ""
            : ", declare a snapshot service (`snapshot:` of \(withoutService.joined(separator: ", ")) in deploy.yaml)"
        return """
            most likely a newer version took its place, and the archive deleted this one: `deploy update` moves to what is there \
            today (the address above, opened by hand, shows whether it is that); to keep what is locked, name a \
            mirror that has it\(service), or build with the store (DEPLOY_CACHE) that made the lock
            """
    }
}
