import Declaration
import Primitives
import SystemPackage

/// What a declaration takes in of this host, beside keys: what lies in its own folder, and in those that the caller allows. A
/// declaration may come from somebody else, and must not bring a file of this host onto an image, or into a message, nor write and
/// remove elsewhere.
struct TakenFiles {
    private let folders: [FilePath]

    /// `folder` is the declaration's own.
    init(folder: FilePath, allowed: [FilePath]) {
        folders = ([folder] + allowed).map { Files.realPath($0) ?? $0 }
    }

    /// Throws `Mistake` where `path`, called `name`, leads elsewhere, be it by a link. What is not there leads nowhere.
    func check(_ path: FilePath, called name: String) throws(Mistake) {
        guard let real = Files.realPath(path), !folders.contains(where: { real.starts(with: $0) }) else { return }
        throw Mistake(
            "\(name) leads out of the declaration's folder, to \(real)", at: nil,
            hint: "if it is to be taken in: --allow-outside \(real)")
    }

    /// The same of a folder that is written to, and may have to be made: of the part of its path that is there.
    func checkOutput(_ path: FilePath, called name: String) throws(Mistake) {
        var present = path.lexicallyNormalized()
        while !Files.exists(present), !present.removingLastComponent().isEmpty { present.removeLastComponent() }
        guard let real = Files.realPath(present) else { return }
        let place = path.lexicallyNormalized().components.dropFirst(present.components.count).reduce(real) {
            $0.appending($1)
        }
        guard !folders.contains(where: { place.starts(with: $0) }) else { return }
        throw Mistake(
            "\(name) leads out of the declaration's folder, to \(place)", at: nil,
            hint: "if images are to go there: --allow-outside \(place)")
    }

    /// The same of all that `declaration` takes in; package sets must be files.
    func check(_ declaration: Declaration) throws(UserErrors) {
        var errors: [any UserError] = []
        func note(_ body: () throws -> Void) {
            do { try body() } catch { errors.append(error as? any UserError ?? Mistake("\(error)", at: nil)) }
        }
        note { try check(declaration.live.includes, called: "live.includes") }
        if let scripts = declaration.live.postinstall { note { try check(scripts, called: "live.postinstall") } }
        // Neither is one of them shown to a server that a stranger names.
        for (name, file) in declaration.remote?.files ?? [] { note { try check(file, called: "remote.\(name)") } }
        note { try check(declaration.lock, called: "deploy.lock") }
        note { try checkOutput(declaration.output.folder, called: "output.folder") }
        note { try check(declaration.packageSets, called: "package-sets") }
        for distribution in declaration.distributions where errors.isEmpty {
            let shown = "package-sets/\(distribution.name)"
            let folder = declaration.packageSets.appending(distribution.name)
            note {
                guard try FileStatus(at: folder) != nil else { return }
                try check(folder, called: shown)
                for name in try Files.list(folder) where name.hasSuffix(".txt") {
                    let file = folder.appending(name)
                    guard try FileStatus(at: file)?.kind != .regular else { continue }
                    note {
                        try check(file, called: "\(shown)/\(name)")
                        guard let status = try FileStatus(at: file, followsLinks: true), status.kind != .regular else {
                            return
                        }
                        throw Mistake("\(shown)/\(name) is no file", at: nil)
                    }
                }
            }
        }
        guard errors.isEmpty else { throw UserErrors(errors) }
    }
}
