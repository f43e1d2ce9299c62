import Primitives
package import SystemPackage

/// The installer's own loader of answers files, run on this host: what it takes, the installer takes.
///
/// It is part of this program. That of the tree which is laid over the live system is the same, unless somebody changed it;
/// it is not run here, since it may have come from anywhere.
package struct AnswersJudge: Sendable {
    /// The bash scripts that are the loader, in the order in which they are read, and where the installer has each in the tree
    /// that is laid over the live system.
    package static var scripts: [(place: FilePath, text: [UInt8])] {
        [
            ("usr/lib/kldload-installer/lib/answer-kinds.sh", PackageResources.answer_kinds_sh),
            ("usr/lib/kldload-installer/lib/answers.sh", PackageResources.answers_sh),
        ]
    }

    private let loader: [UInt8]
    private let environment: [String: String]
    private let offers: [String]

    /// `environment` is what bash runs with; `offers` is what there is to install, DISTRIBUTION/PROFILE each, anything where it is
    /// empty.
    package init(environment: [String: String], offers: [String] = []) {
        let loader = Self.scripts.flatMap { script -> [UInt8] in script.text + [0x0A] }
        self.init(loader: loader, environment: environment, offers: offers)
    }

    init(loader: [UInt8], environment: [String: String], offers: [String] = []) {
        self.loader = loader
        self.environment = environment
        self.offers = offers
    }

    /// What the answers file at `path` says, every variable with its value.
    ///
    /// Throws `UserErrors` with all that the loader finds wrong, `Mistake` where there is no such file or the loader itself
    /// fails, `CancellationError`.
    package func read(_ path: FilePath) async throws -> Answers {
        guard Files.exists(path) else { throw Mistake("there is no answers file \(path)", at: nil) }
        // Variables of the caller's are no answers, though the loader would set each of them anew.
        let bash = ChildProgram(
            "bash", environment: environment.filter { $0.key == "PATH" || $0.key == "KLDLOAD_ZONEINFO" },
            changes: ["LC_ALL": "C.UTF-8"])
        let script = String(decoding: loader + PackageResources.judge_answers_sh, as: UTF8.self)
        let result: ChildProgram.Outcome
        do {
            result = try await bash.run(["-c", script, "judge-answers", path.string] + offers, limit: 4 << 20)
        } catch let failure as ChildProgram.Failure {
            throw Mistake("bash could not be run to read \(path)", at: nil, details: ["\(failure)"])
        }
        let items = result.output.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        switch result.status {
        case 0: return Answers(items)
        case 3: throw UserErrors(items.map { Self.mistake($0, in: path.string) })
        default:
            throw Mistake(
                "the installer's loader could not read \(path)", at: nil,
                details: result.messages)
        }
    }

    /// "FILE:LINE: what is wrong" as an error with a place.
    private static func mistake(_ text: String, in file: String) -> Mistake {
        guard text.hasPrefix(file + ":") else { return Mistake(text, at: nil) }
        let rest = text.dropFirst(file.count + 1)
        guard let colon = rest.firstIndex(of: ":"), let line = Int(rest[..<colon]) else {
            return Mistake(text, at: nil)
        }
        let what = rest[rest.index(after: colon)...].drop { $0 == " " }
        return Mistake(String(what), at: SourceLocation(file: file, line: line))
    }
}

/// The answers of an installation, each variable with its value, and what the loader warns of. They hold secrets.
package struct Answers: Sendable {
    private let values: [String: String]
    /// What is not wrong, and may not be meant, a sentence each.
    package let warnings: [String]

    /// From "NAME=value" each, and "=warning".
    init(_ items: [String]) {
        var values: [String: String] = [:]
        var warnings: [String] = []
        for item in items {
            guard let equals = item.firstIndex(of: "=") else { continue }
            let text = String(item[item.index(after: equals)...])
            if equals == item.startIndex { warnings.append(text) } else { values[String(item[..<equals])] = text }
        }
        self.values = values
        self.warnings = warnings
    }

    /// The value of a variable; empty where there is no such variable.
    package subscript(_ name: String) -> String { values[name] ?? "" }

    /// The variables there are.
    package var names: [String] { values.keys.sorted() }

    /// The secrets among the values that are not empty.
    package var secrets: [String] { names.filter(isSecret).map { self[$0] }.filter { !$0.isEmpty } }

    /// Whether the value of the variable `name` is for nobody to see.
    package func isSecret(_ name: String) -> Bool {
        ["_PASSWORD", "_PASSPHRASE", "_ACTIVATION_KEY"].contains { name.hasSuffix($0) }
    }

    /// The disks to install to, in the order given.
    package var disks: [String] { self["KLDLOAD_DISK"].split { $0 == " " || $0 == "," }.map(String.init) }
    /// Whether `KLDLOAD_ZFS_ENCRYPT` is 1: the pool has a passphrase then.
    package var isEncrypted: Bool { self["KLDLOAD_ZFS_ENCRYPT"] == "1" }
}
