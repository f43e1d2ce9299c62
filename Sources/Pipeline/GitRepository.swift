import Primitives
import SystemPackage

/// The git repository that a folder is in, read by git itself; nothing is written, and nothing that the repository's own
/// configuration names is run: it may be somebody else's.
struct GitRepository: Sendable {
    /// The folder whose files are meant; it may be deep inside the repository.
    let folder: FilePath
    let environment: [String: String]

    /// The abbreviated name of the commit that `revision` means; nil where it means none.
    func commit(_ revision: String) async throws -> String? {
        let inside = try await git(["rev-parse", "--is-inside-work-tree"])
        guard inside.isSuccess else {
            throw NotARepository(folder: folder, isThereOne: isBelowRepository, messages: inside.messages)
        }
        // A revision is a word of its own: what looks like an option or a path is neither.
        let arguments = ["rev-parse", "--verify", "--quiet", "--short", "--end-of-options", "\(revision)^{commit}"]
        let reply = try await git(arguments)
        guard reply.isSuccess else { return nil }
        return reply.text.split(separator: "\n").last.map(String.init)
    }

    /// The commits up to HEAD that changed something at `paths`, the newest first, `limit` at most.
    func history(of paths: [String], limit: Int) async throws -> [String] {
        let reply = try await git(["rev-list", "--max-count=\(limit)", "HEAD", "--"] + paths)
        return reply.isSuccess ? reply.text.split(separator: "\n").map(String.init) : []
    }

    /// The commits that `to` has and `from` has not, the newest first, `limit` at most, each with its name and its subject:
    /// "4f2c1d9 Take htop in". Both are names of commits; empty where one is not there.
    func subjects(from: String, to: String, limit: Int) async throws -> [String] {
        let reply = try await git(
            [
                "log", "--no-show-signature", "--format=%h %s", "--max-count=\(limit)", "--end-of-options",
                "\(from)..\(to)", "--",
            ])
        return reply.isSuccess ? reply.lines : []
    }

    /// The files of `commit` at `paths` (files or folders, relative to the folder) by their paths; those that are not there
    /// are left out.
    func files(_ paths: [String], of commit: String) async throws -> [String: [UInt8]] {
        let listing = try await git(["ls-tree", "-r", "-z", commit, "--"] + paths)
        guard listing.isSuccess else { throw GitFailed(messages: listing.messages) }
        // "100644 blob 5716ca…\tpath", each ended by a NUL; git-ls-tree(1). Links and submodules are no files.
        var names: [(object: String, path: String)] = []
        for entry in listing.output.split(separator: 0) {
            let halves = String(decoding: entry, as: UTF8.self).split(separator: "\t", maxSplits: 1)
            let words = halves.first?.split(separator: " ") ?? []
            guard halves.count == 2, words.count == 3, words[0].hasPrefix("100") else { continue }
            names.append((String(words[2]), String(halves[1])))
        }
        guard !names.isEmpty else { return [:] }
        let input = names.map { $0.object + "\n" }.joined()
        let contents = try await git(["cat-file", "--batch"], input: Array(input.utf8))
        guard contents.isSuccess else { throw GitFailed(messages: contents.messages) }
        return try Self.contents(contents.output, names: names.map(\.path))
    }

    /// Takes apart what `git cat-file --batch` writes for each object: "5716ca… blob 12\n", twelve bytes, "\n".
    static func contents(_ output: [UInt8], names: [String]) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        var rest = output[...]
        for name in names {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")),
                let size = rest[..<end].split(separator: UInt8(ascii: " ")).last
                    .flatMap({ Int(String(decoding: $0, as: UTF8.self)) }),
                size >= 0, rest.distance(from: end, to: rest.endIndex) > size + 1
            else { throw GitFailed(messages: ["git cat-file wrote something unexpected about \(name)"]) }
            let start = rest.index(after: end)
            files[name] = Array(rest[start..<start + size])
            rest = rest[(start + size + 1)...]
        }
        return files
    }

    /// Whether a repository is in the folder or above it, whatever git thinks of it.
    private var isBelowRepository: Bool {
        var place = Files.realPath(folder) ?? folder
        while true {
            if Files.exists(place.appending(".git")) { return true }
            guard place.removeLastComponent() else { return false }
        }
    }

    /// What git must not do, whatever the repository says: these win over its configuration (git-config(1)). The commands used
    /// here read objects; a missing one would be fetched, by a program of the repository's choice, were any protocol allowed.
    private static let settings = [
        "core.fsmonitor=false", "core.hooksPath=/dev/null", "core.sshCommand=false", "core.gitProxy=", "core.askPass=",
        "core.pager=cat", "core.attributesFile=/dev/null", "credential.helper=", "diff.external=", "gpg.program=false",
        "safe.bareRepository=explicit", "protocol.allow=never",
    ].flatMap { ["-c", $0] }

    /// Variables of git's that are kept: how it is configured is the user's own word, which repository is meant is not.
    private static let keptVariables = ["GIT_CONFIG", "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM"]

    private func git(_ arguments: [String], input: [UInt8] = []) async throws -> ChildProgram.Outcome {
        // GIT_OPTIONAL_LOCKS: a question must not touch the index. GIT_ALLOW_PROTOCOL wins over every protocol.NAME.allow, and
        // none is called so; git(1).
        let given = environment.filter { name, _ in
            !name.hasPrefix("GIT_") || Self.keptVariables.contains { name.hasPrefix($0) }
        }
        let own = [
            "LC_ALL": "C.UTF-8", "GIT_OPTIONAL_LOCKS": "0", "GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1",
            "GIT_TERMINAL_PROMPT": "0",
        ]
        do {
            return try await ChildProgram("git", environment: given, changes: own).run(
                ["--no-pager"] + Self.settings + ["-C", folder.string] + arguments, input: input, limit: 256 << 20)
        } catch let failure as ChildProgram.Failure {
            switch failure {
            case .notFound: throw GitMissing()
            case .failed(let words): throw GitFailed(messages: [words])
            }
        }
    }
}

struct GitMissing: UserError {
    var what: String { "git is not installed, so no revision can be read" }
    var hint: String? { "apt-get install git; or name two locks or ISOs" }
}

struct GitFailed: UserError {
    let messages: [String]
    var what: String { "git could not read the repository" }
    var details: [String] { messages }
}

struct NotARepository: UserError {
    let folder: FilePath
    /// There is one, and git does not read it: it may belong to somebody else.
    let isThereOne: Bool
    let messages: [String]
    var what: String {
        isThereOne
            ? "git does not read the repository that \(folder) is in"
            : "\(folder) is in no git repository, so there are no revisions to compare with"
    }
    /// git's own words, where they say more than that.
    var details: [String] { messages.filter { !$0.hasPrefix("fatal: not a git repository") } }
    var hint: String? { "name two locks or ISOs: deploy diff OLD.lock deploy.lock" }
    var isUsageError: Bool { true }
}
