import Darksites
import Declaration
import Locking
import Primitives
import SystemPackage

/// The declaration and the package sets as a commit of the declaration's git repository has them.
struct Revision {
    let project: Project
    /// Its abbreviated name: "4f2c1d9".
    let commit: String

    /// The bytes of deploy.lock; nil where the commit has none.
    func lock() async throws -> [UInt8]? {
        let file = project.workspace.shown(project.declaration.lock)
        return try await project.git.files([file], of: commit)[file]
    }

    /// The declaration, of files of this checkout. Throws `UserErrors` where it is wrong, `Mistake` where there is none.
    func declaration() async throws -> Declaration {
        try declaration(in: try await project.git.files([project.declarationFile], of: commit))
    }

    private func declaration(in files: [String: [UInt8]]) throws -> Declaration {
        let file = project.declarationFile
        guard let text = files[file] else { throw Mistake("\(commit) has no \(file)", at: nil) }
        return try Declaration.parse(
            String(decoding: text, as: UTF8.self), file: file, folder: project.declaration.folder,
            home: project.surroundings.home, exists: Files.exists)
    }

    /// What is asked for of the distributions in use and of those `named`, beside `lock`.
    func requests(
        naming named: Set<String> = [], beside lock: Lock
    ) async throws -> [(Declaration.Distribution, ResolutionRequest)] {
        let files = try await project.git.files([project.declarationFile, "package-sets"], of: commit)
        return try requests(in: files, naming: named, beside: lock)
    }

    /// The same, of the files of the commit. Apart, because Swift 6.3 can't optimize a closure that throws a type in a function that waits.
    private func requests(
        in files: [String: [UInt8]], naming named: Set<String>, beside lock: Lock
    ) throws -> [(Declaration.Distribution, ResolutionRequest)] {
        let loader = PackageSetLoader(folder: "package-sets", shownAs: "package-sets") { path throws(FileError) in
            guard let bytes = files[path.string] else { throw FileError("read", path, .noSuchFileOrDirectory) }
            return String(decoding: bytes, as: UTF8.self)
        }
        return try LockKeeper(project: project).requests(
            of: try declaration(in: files), naming: named, beside: lock, loader: loader)
    }

    /// `lock` as a build of this commit would have it: what the commit asks for otherwise is resolved against the same snapshots.
    /// Nothing is written.
    func fitted(_ lock: Lock) async throws -> Lock {
        var fitted = lock
        let keeper = LockKeeper(project: project)
        for (distribution, request) in try await requests(beside: lock) {
            let locked = lock[distribution.name]
            guard !RequestDifference(from: locked, to: request).isEmpty else { continue }
            let resolved = try await project.holdingStore { _ in
                try await keeper.resolve(distribution, request, against: locked).locked
            }
            fitted = fitted.replacing(resolved)
        }
        return fitted
    }
}
