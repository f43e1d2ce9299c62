import Primitives
import Subprocess
import SystemPackage
import Testing

/// A project to ask the real program about: a declaration with a lock, of an archive that lies in a folder. podman does nothing
/// there, successfully, and the machine is only played (Tests/MachinesTests/fake-qemu.py).
struct MadeProject: Sendable {
    /// What a run of the program came to.
    struct Run: Sendable {
        let code: Int32
        let output: String
        let errors: String

        /// The objects on standard output; records an issue for each line that is none.
        var objects: [JSON] {
            output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().compactMap { line in
                guard let value = JSON(parsing: Array(line.utf8)), case .object = value else {
                    Issue.record("no JSON object: \(line)")
                    return nil
                }
                return value
            }
        }
    }

    private let folder: FilePath

    private static let tests = FilePath(#filePath).removingLastComponent().removingLastComponent()

    /// The program stands beside that of the tests.
    private static var program: FilePath {
        get throws {
            let tests = try #require(Files.realPath("/proc/self/exe"))
            return tests.removingLastComponent().appending("deploy")
        }
    }

    /// Makes it in `folder`, which must be there and empty.
    init(in folder: FilePath) async throws {
        self.folder = folder
        try await shell(
            """
            set -euo pipefail
            "$1/end-to-end/make-archive" made
            cp -a made/checkout locked
            cd locked
            sed -i 's|\\.\\./keyring.gpg|'"$2"'/made/keyring.gpg|' deploy.yaml
            mkdir -p bin out tree/darksite
            echo x >tree/darksite/x
            printf '#!/bin/sh\\n' >bin/podman && chmod +x bin/podman
            ln -s "$1/MachinesTests/fake-qemu.py" bin/qemu-system-x86_64
            printf '%s\\n' KLDLOAD_DISK=/dev/vda KLDLOAD_PASSWORD=secret >answers.env
            xorriso -as mkisofs -quiet -r -o out/made.iso tree
            """, Self.tests.string, folder.string)
        let update = try await run(["update"], in: "locked")
        try #require(update.code == 0, "\(update.errors)")
        try await shell(
            "cd locked && cp deploy.lock earlier.lock && echo zsh >>package-sets/debian/server.txt")
        let again = try await run(["update"], in: "locked")
        try #require(again.code == 0, "\(again.errors)")
    }

    /// Runs the program with `arguments` in a copy of the project, after `prepare`, a line of bash.
    func run(_ arguments: [String], after prepare: String = "") async throws -> Run {
        let copy = "copy-\(UInt64.random(in: 0 ... .max))"
        try await shell("cp -a locked \(copy) && cd \(copy) && \(prepare.isEmpty ? "true" : prepare)")
        let result = try await run(arguments, in: copy)
        try Files.remove(folder.appending(copy))
        return result
    }

    private func run(_ arguments: [String], in place: String) async throws -> Run {
        let place = folder.appending(place)
        let result = try await Subprocess.run(
            .path(try Self.program), arguments: Arguments(arguments),
            environment: .custom([
                "HOME": folder.string, "PATH": "\(place)/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "DEPLOY_KEY": folder.appending("signing-key").string,
                "DEPLOY_MIRROR_MADE": "file://\(folder)/made/first", "KLDLOAD_ACCEL": "tcg",
                "FAKE_QEMU_NO_SEED": "1",
            ]),
            workingDirectory: place, output: .string(limit: 10_000_000), error: .string(limit: 1_000_000))
        let code: Int32
        switch result.terminationStatus {
        case .exited(let status): code = status
        case .signaled(let signal): code = 128 + signal
        }
        return Run(code: code, output: result.standardOutput, errors: result.standardError)
    }

    private func shell(_ script: String, _ words: String...) async throws {
        let result = try await Subprocess.run(
            .name("bash"), arguments: Arguments(["-c", script, "bash"] + words), workingDirectory: folder,
            output: .discarded, error: .string(limit: 65_536))
        try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
    }
}

/// Makes the project that a suite asks about, and takes it away afterwards.
struct MadeProjectTrait: SuiteTrait, TestScoping {
    @TaskLocal static var project: MadeProject?

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let holder = try PrivateFolder()
        let project = try await MadeProject(in: holder.path)
        try await Self.$project.withValue(project) { try await function() }
        withExtendedLifetime(holder) {}
    }
}

extension Trait where Self == MadeProjectTrait {
    static var madeProject: Self { MadeProjectTrait() }
}
