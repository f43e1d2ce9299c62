import Primitives
import SystemPackage
import Testing

@testable import Pipeline

/// git, in a repository that somebody else has set up.
@Suite struct GitRepositoryTests {
    private let folder: PrivateFolder
    private var repository: FilePath { folder.path.appending("r") }
    private var mark: FilePath { folder.path.appending("ran") }

    init() throws {
        folder = try PrivateFolder()
        try bash(
            """
            git init -q r; cd r; git config user.email a@b.example; git config user.name A
            echo lock >deploy.lock; mkdir package-sets; echo curl >package-sets/core.txt; git add .; git commit -qm one
            """)
    }

    private func bash(_ script: String) throws {
        try Tool.run(["bash", "-c", "set -e; cd \(folder.path); \(script)"])
    }

    private func git(_ environment: [String: String] = [:]) -> GitRepository {
        GitRepository(
            folder: repository,
            environment: ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent"].merging(environment) { $1 })
    }

    /// Every word of a repository's configuration that names a program; and an object that is missing, and would be fetched by one.
    @Test func nothingThatTheRepositoryNamesIsRun() async throws {
        try bash(
            """
            printf '#!/bin/sh\\ntouch \(mark)\\nexit 1\\n' >evil; chmod +x evil; cp evil r/.git/hooks/post-index-change; cd r
            for key in core.fsmonitor core.sshCommand core.pager core.editor core.askPass core.gitProxy diff.external \\
                diff.x.textconv filter.x.smudge filter.x.clean gpg.program alias.ls-tree remote.origin.uploadpack; do
                git config $key \(folder.path)/evil
            done
            echo '* diff=x filter=x' >.gitattributes
            git config protocol.file.allow always; git config protocol.ext.allow always
            git config remote.origin.url \(repository); git config remote.origin.promisor true
            git config core.repositoryformatversion 1; git config extensions.partialClone origin
            blob=$(git rev-parse HEAD:package-sets/core.txt); rm -f .git/objects/${blob:0:2}/${blob:2}
            """)
        let commit = try #require(try await git().commit("HEAD"))
        #expect(try await git().history(of: ["deploy.lock"], limit: 3).count == 1)
        #expect(try await git().files(["deploy.lock"], of: commit)["deploy.lock"] == Array("lock\n".utf8))
        await #expect(throws: GitFailed.self) { try await git().files(["package-sets"], of: commit) }
        #expect(!Files.exists(mark))
        // Left to itself, git runs it.
        try bash("cd r; echo HEAD:package-sets/core.txt | git cat-file --batch >/dev/null 2>&1 || true")
        #expect(Files.exists(mark))
    }

    @Test func theEnvironmentChoosesNoOtherRepository() async throws {
        try bash("git init -q other")
        let environment = ["GIT_DIR": "\(folder.path)/other/.git", "GIT_WORK_TREE": "\(folder.path)/other"]
        #expect(try await git(environment).commit("HEAD") != nil)
    }

    @Test func aRepositoryThatGitDoesNotReadIsCalledThat() async throws {
        try bash("chown -R 65534 r")
        await #expect { _ = try await git(["SUDO_UID": ""]).commit("HEAD") } throws: { error in
            let error = error as? NotARepository
            return error?.what == "git does not read the repository that \(repository) is in"
                && error?.details.contains { $0.contains("dubious ownership") } == true
        }
        let nowhere = GitRepository(folder: folder.path, environment: ["PATH": "/usr/bin:/bin"])
        await #expect { _ = try await nowhere.commit("HEAD") } throws: {
            ($0 as? NotARepository)?.what.hasSuffix(
                "is in no git repository, so there are no revisions to compare with") == true
        }
    }

    @Test func aBareRepositoryInTheFolderIsNone() async throws {
        try bash("git clone -q --bare r bare")
        let bare = GitRepository(folder: folder.path.appending("bare"), environment: ["PATH": "/usr/bin:/bin"])
        await #expect(throws: NotARepository.self) { _ = try await bare.commit("HEAD") }
    }
}
