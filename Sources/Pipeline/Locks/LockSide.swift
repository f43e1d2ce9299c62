import Archives
import Darksites
import Declaration
import Evidence
package import Locking
import Primitives
import SystemPackage

/// One side of a comparison of locks: the lock, what it is called, and where its package sets may be found.
package struct LockSide: Sendable {
    /// Where a lock comes from: the checkout as it is, a commit, a file, or the inside of an ISO.
    package enum Kind: String, Sendable { case working, revision, file, image }

    /// Where the lock comes from.
    package let kind: Kind
    /// "deploy.lock", "HEAD (4f2c1d9)", "kldload-free-….iso"
    package let name: String
    /// What it says there.
    package let lock: Lock
    /// The revision's commit.
    let commit: String?
    /// Where the ISO is; nil of anything else.
    var path: FilePath?
}

extension Project {
    /// The lock of the working folder.
    func workingSide() throws -> LockSide {
        guard let lock = try LockKeeper(project: self).existing() else {
            throw Mistake(
                "there is no \(workspace.shown(declaration.lock)) yet", at: nil,
                hint: "`deploy build` makes it; or name two locks, revisions or ISOs")
        }
        return LockSide(kind: .working, name: workspace.shown(declaration.lock), lock: lock, commit: nil)
    }

    /// The lock that `text` means: a file, an ISO that has one inside, or a revision of the declaration's git repository.
    func side(_ text: String) async throws -> LockSide {
        let path = surroundings.absolute(FilePath(text))
        guard !text.isEmpty, let status = try? FileStatus(at: path, followsLinks: true) else {
            return try await revision(text)
        }
        // A folder of the name of a branch is no rarity.
        if status.kind == .directory { return try await revision(text) }
        if path == declaration.lock { return try workingSide() }
        guard DiscImage.isImage(path) else {
            let lock = try LockReader.read(try Files.read(path), file: text)
            return LockSide(kind: .file, name: text, lock: lock, commit: nil)
        }
        let place = EvidenceFile.lock
        let bytes = try await BlockingWork.run {
            try DiscImage.file(place, on: path, limit: ByteCount(256_000_000))
        }
        guard let bytes else {
            throw Mistake("\(text) has no /\(place): it is no image that deploy made", at: nil)
        }
        let name = path.lastComponent?.string ?? text
        return LockSide(
            kind: .image, name: name, lock: try LockReader.read(bytes, file: "\(name):/\(place)"), commit: nil,
            path: path)
    }

    private func revision(_ text: String) async throws -> LockSide {
        let isPath = text.hasSuffix(".iso") || text.hasSuffix(".lock") || text.hasPrefix("/")
        if isPath { throw Mistake("there is no file \(text)", at: nil) }
        guard let commit = try await git.commit(text) else {
            if text == "HEAD" {
                throw Mistake(
                    "the git repository has no commit yet, so there is nothing to compare with", at: nil,
                    hint: "commit deploy.lock, or name a lock or an ISO")
            }
            throw Mistake(
                "there is no file and no git revision \"\(text)\"", at: nil,
                hint: "name a lock, an ISO, or a revision such as HEAD~1, a tag or a branch")
        }
        let name = commit.hasPrefix(text) ? commit : "\(text) (\(commit))"
        let file = workspace.shown(declaration.lock)
        let revision = Revision(project: self, commit: commit)
        let own = try await revision.lock().map { try LockReader.read($0, file: "\(commit):\(file)") }
        // One that is not committed: what the sets of that commit come to is known from the snapshots that are locked here.
        guard let base = try own ?? LockKeeper(project: self).existing() else {
            throw Mistake(
                "\(name) has no \(file), and there is none here", at: nil,
                hint: "`deploy update` makes one, which its package sets are resolved against; or name a lock or an ISO"
            )
        }
        let lock = try await revision.fitted(base)
        let way = own == nil ? ", resolved against \(file)" : lock == base ? "" : ", its package sets resolved"
        return LockSide(kind: .revision, name: name + way, lock: lock, commit: commit)
    }
}
