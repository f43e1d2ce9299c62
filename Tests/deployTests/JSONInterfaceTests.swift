import ArgumentParser
import Primitives
import Testing

@testable import deploy

/// What `--json` promises, of every command there is: the real program is asked, and what it says is looked at.
@Suite(.madeProject, .serialized, .timeLimit(.minutes(10))) struct JSONInterfaceTests {
    /// One way to ask a command.
    struct Question: Sendable {
        enum Reply: Sendable {
            /// An object that ends what the command says, with these keys, and the exit code.
            case answer(Set<String>, codes: Set<Int32>)
            /// An exit code of 2, and nothing done.
            case refusal
        }

        let words: [String]
        let reply: Reply
        let prepare: String

        static func answer(
            _ words: String..., keys: Set<String>, code codes: Set<Int32> = [0], after prepare: String = ""
        ) -> Self {
            Question(words: words, reply: .answer(keys, codes: codes), prepare: prepare)
        }

        static func refusal(_ words: String...) -> Self { Question(words: words, reply: .refusal, prepare: "") }
    }

    private static let steps: Set = ["steps", "unused_stages"]
    private static let error: Set = ["time", "event", "what", "hint"]
    private static let why: Set = [
        "distribution", "package", "in_mirror", "virtual", "locked", "stale", "packages", "others", "providers",
        "other_providers", "archive", "forbidden", "dropped", "mentions",
    ]
    private static let key: Set = ["fingerprint", "user", "folder", "public_key"]

    private static let buildKeys: Set = [
        "build", "started", "seconds", "outcome", "folder", "request", "causes", "ran", "cached", "phases", "steps",
    ]
    /// A build of which one step ran and said "done".
    private static let keptBuild = """
        mkdir -p live-build/cache/records/builds && cd live-build/cache && log=$(printf done | sha256sum | cut -c -64)
        mkdir -p blobs/${log:0:2} && printf done >blobs/${log:0:2}/$log
        printf '%s\n' 'build 1' 'number 7' 'started 1767225600' 'milliseconds 1500' 'folder /src' 'request build' \
            'outcome succeeded' 'step debian/mirror ran 1 900 1 7' 'stage 2 debian debian' 'title the mirror' \
            "log $log 4" >records/builds/7
        echo "sum $(sha256sum <records/builds/7 | cut -c -64)" >>records/builds/7
        """

    /// How each command is asked, by its name. One that is missing here fails the test: say how it answers.
    private static let questions: [String: [Question]] = [
        "deploy": [.refusal()],
        "deploy build": [
            .answer("debian/mirror", keys: ["time", "event", "ran", "cached", "seconds"]),
            .answer("--dry-run", "debian/mirror", keys: steps),
        ],
        // What makes an image needs containers. That they are missing is an error as any other.
        "deploy full": [.answer(keys: error, code: [1])],
        "deploy update": [.answer(keys: ["same", "distributions"], after: "cp earlier.lock deploy.lock")],
        // podman does nothing here, so a night can't build; that is an answer.
        "deploy nightly": [
            .answer("--no-test", keys: ["time", "event", "outcome", "phase", "report"], code: [1])
        ],
        // Nothing was built that could be built again.
        "deploy reproduce": [.answer("debian/mirror", keys: error, code: [2])],
        "deploy verify": [.answer("deploy.yaml", keys: ["time", "event", "what"], code: [2])],
        "deploy status": [.answer(keys: steps)],
        "deploy explain": [
            .answer(keys: ["explanations"]), .answer("iso/image", keys: ["explanations"]),
            .answer("debian/mirror", "--build", "7", keys: ["explanations"], after: keptBuild),
        ],
        "deploy log": [
            .answer(keys: ["builds"]), .answer("7", keys: buildKeys, after: keptBuild),
            .answer("7", "debian/mirror", keys: ["build", "step", "outcome", "text"], after: keptBuild),
            .answer("--steps", keys: ["steps"], after: keptBuild),
            .answer("latest", keys: ["time", "event", "what"], code: [2]),
        ],
        "deploy graph": [.answer(keys: ["steps"]), .refusal("--format", "dot"), .refusal("--format", "svg")],
        "deploy shell": [.refusal("debian/mirror")],
        "deploy key": [.answer(keys: key), .answer("--export", keys: key)],
        "deploy resolve": [
            .answer(
                "debian", "nginx", "--profile", "core",
                keys: ["distribution", "possible", "on", "packages", "replaced", "added", "before", "total", "remarks"]),
            .answer(
                "debian", "nginx", "apache",
                keys: ["distribution", "possible", "requests", "what", "steps", "remedies"], code: [1]),
            .answer("debian", "ngnix", keys: error, code: [2]),
        ],
        "deploy check": [.answer("debian", keys: ["distribution", "checked", "broken", "seconds", "causes"])],
        "deploy search": [
            .answer("debian", "curl", keys: ["distribution", "packages"]),
            .answer("debian", "ngnix", keys: ["distribution", "packages"], code: [1]),
        ],
        "deploy why": [
            .answer("debian", "libpcre", keys: why), .answer("debian", "mail-transport-agent", keys: why),
            .answer("debian", "bash", keys: why),
            .answer("debian", "exim4", keys: why, code: [1], after: "echo -exim4 >>package-sets/debian/server.txt"),
        ],
        "deploy diff": [
            .answer("earlier.lock", keys: ["from", "to", "same", "distributions"]),
            .answer("earlier.lock", "--exit-code", keys: ["from", "to", "same", "distributions"], code: [1]),
            .refusal("earlier.lock", "--markdown"),
        ],
        "deploy delta": [
            .answer(
                "earlier.lock", "deploy.lock", "--draft", "-o", "stick",
                keys: [
                    "path", "image", "size", "sha256", "from", "to", "key", "proven", "not_proven", "full_packages",
                    "distributions",
                ], after: "sed -i 's/debian: \\[core\\]/debian: [core, server]/' deploy.yaml"),
            .answer("deploy.lock", "deploy.lock", "-o", "stick", keys: ["time", "event", "what"], code: [1]),
            .answer("deploy.lock", "earlier.lock", "-o", "deploy.yaml", keys: error, code: [2]),
        ],
        // What it makes of a real image is in Tests/end-to-end/golden.bats.
        "deploy golden": [.answer("deploy.yaml", keys: ["time", "event", "what"], code: [2])],
        "deploy sets": [.answer(keys: ["distributions"])],
        "deploy seed": [.answer("answers.env", keys: ["path", "answers"])],
        "deploy test": [
            .answer(
                "--live", "--bios",
                keys: ["time", "event", "title", "passed", "failed", "skipped", "seconds", "results"])
        ],
        // No device of this machine's is written here; Tests/end-to-end/burn.bats has loop devices.
        "deploy burn": [.answer("deploy.yaml", "/dev/null", keys: ["time", "event", "what"], code: [2])],
        // Only the launcher says which checkout it is.
        "deploy install-cli": [
            .answer("--dry-run", "--prefix", "place", keys: ["time", "event", "what", "hint"], code: [2])
        ],
        "deploy missing-packages": [.refusal()],
        "deploy doctor": [.answer(keys: ["well", "checks"], code: [0, 1])],
        "deploy gc": [
            .answer("--dry-run", keys: ["blobs", "runs", "size", "left", "needed", "dry_run"]),
            .answer(keys: ["blobs", "runs", "size", "left", "needed", "dry_run"]),
        ],
        "deploy cache": [.refusal()],
        "deploy remote": [.refusal()],
        "deploy remote status": [
            .answer(keys: error, code: [2]), .answer("--remote", "grpc://127.0.0.1:9", keys: error, code: [1]),
        ],
        "deploy remote push": [.answer("--remote", "grpc://127.0.0.1:9", keys: error, code: [1])],
        // What a lock needs is fetched by a build; until then that is what is said.
        "deploy cache export": [
            .answer("made.tar.zst", keys: error.union(["details"]), code: [1]), .refusal("-"),
        ],
        "deploy cache import": [
            .answer(
                "made.tar.zst", keys: ["blobs", "size", "known", "lock", "runs", "runs_in_file"],
                after: """
                    printf 'kldload cache 1\\nlock %s\\n' "$(sha256sum <deploy.lock | cut -c1-64)" >kldload-cache
                    tar -b 1 --format=ustar -cf - kldload-cache deploy.lock | zstd -q >made.tar.zst
                    """),
            .answer("deploy.lock", keys: error, code: [1]),
        ],
        "deploy clean": [
            .answer(keys: ["container_images", "left"]),
            .answer("--output", keys: ["container_images", "images", "left"]),
        ],
    ]

    private let project: MadeProject

    init() throws { project = try #require(MadeProjectTrait.project) }

    @Test func everyCommandIsAskedAndNoneThatThereIsNot() {
        #expect(Set(Self.questions.keys) == Set(KnownCommand.all.map(\.name)))
    }

    @Test(arguments: KnownCommand.all) func itAnswersInJSONOrRefusesTo(command: KnownCommand) async throws {
        for question in try #require(Self.questions[command.name], "nobody says how \(command.name) is asked") {
            let words = command.words + question.words
            let run = try await project.run(words + ["--json"], after: question.prepare)
            let said = "\(words.joined(separator: " ")) --json: \(run.code)\n\(run.output)\(run.errors)"
            #expect(run.output.hasSuffix("\n"), "\(said)")
            let objects = run.objects
            let objections = try JSONConvention.objections(to: objects)
            let verdict = try judge(JSONConvention.judge, run.output)
            #expect(objections == [] && verdict == 0, "\(said)")
            let last = try #require(objects.last, "\(said)")
            switch question.reply {
            case .answer(let keys, let codes):
                #expect(codes.contains(run.code), "\(said)")
                #expect(last.keys == keys, "\(said)")
            case .refusal:
                #expect(run.code == 2 && objects.count == 1, "\(said)")
                #expect(last["what"]?.string?.contains("--json") == true, "\(said)")
                // It is the flag that is refused, and nothing else.
                #expect(throws: Never.self) { try Deploy.parseAsRoot(words) }
            }
        }
    }

    @Test func anErrorIsToldToProgramsToo() async throws {
        let run = try await project.run(
            ["build", "--json"], after: "printf 'ngnix\\n  zssh\\n' >package-sets/debian/server.txt")
        #expect(run.code == 2)
        let errors = run.objects.filter { $0["event"]?.string == "error" }
        #expect(errors.map { $0["file"]?.string } == Array(repeating: "package-sets/debian/server.txt", count: 2))
        #expect(errors.map(Self.place) == [[1, 1], [2, 3]])
        #expect(errors.first?["what"]?.string?.hasPrefix(#"no package is called "ngnix" in debian"#) == true)
        // Whoever reads the log reads text.
        #expect(run.errors.contains("package-sets/debian/server.txt:1:1: error: no package is called \"ngnix\""))
    }

    @Test func aRequestThatCannotBeReadIsToldToProgramsToo() async throws {
        for words in [["build", "--json", "--profil", "x"], ["--json", "bild"], ["why", "debian", "--json"]] {
            let run = try await project.run(words)
            #expect(run.code == 2 && run.objects.count == 1, "\(words): \(run.output)")
            #expect(run.objects.first?["event"]?.string == "error")
            #expect(run.errors.hasPrefix("Error: \(run.objects.first?["what"]?.string ?? "nothing")"))
        }
        let plain = try await project.run(["build", "--profil", "x"])
        #expect(plain.code == 2 && plain.output.isEmpty)
    }

    private static func place(_ error: JSON) -> [Double] {
        ["line", "column"].compactMap { if case .number(let number) = error[$0] { number } else { nil } }
    }
}
