/// The cases that are looked at in the installed system; they are functions of a script, in its order.
enum SmokeTests {
    /// After which start of the machine.
    enum Phase: String, CaseIterable {
        case installed, second, restored, degraded

        var activity: String {
            switch self {
            case .installed: "booting the disk alone"
            case .second: "booting another boot environment"
            case .restored: "booting the first boot environment, rolled back"
            case .degraded: "booting without the first disk"
            }
        }
    }

    struct Test: Hashable {
        let phase: Phase
        let function: String
        /// The profile that has what it looks at; nil where all have.
        var profile: String? {
            let words = function.split(separator: "_")
            return words.count > 2 && words[1] == "in" ? String(words[2]) : nil
        }

        /// "the pool is healthy".
        var title: String {
            function.dropFirst(phase.rawValue.count + 1).split(separator: "_").joined(separator: " ")
        }
    }

    /// Where the script and what it needs are in the machine.
    static let folder = "/run/kldload-test"

    static var script: [UInt8] { PackageResources.smoke_tests_sh }

    /// Those of a profile.
    static func all(of profile: String) -> [Test] { all.filter { $0.profile ?? profile == profile } }

    /// Every function whose name begins with that of a phase.
    static var all: [Test] {
        String(decoding: script, as: UTF8.self).split(separator: "\n").compactMap { line in
            guard let end = line.firstRange(of: "() {") else { return nil }
            let name = String(line[..<end.lowerBound])
            return Phase.allCases.first { name.hasPrefix($0.rawValue + "_") }.map { Test(phase: $0, function: name) }
        }
    }

    /// What the script is told, as a shell reads it.
    static func variables(_ answers: Answers) -> String {
        var values = [
            "PROFILE": answers["KLDLOAD_PROFILE"], "HOSTNAME_WANTED": answers["KLDLOAD_HOSTNAME"],
            "USERNAME": answers["KLDLOAD_USERNAME"], "TOPOLOGY": answers["KLDLOAD_ZFS_TOPOLOGY"],
            "ENCRYPTED": answers["KLDLOAD_ZFS_ENCRYPT"], "TIMEZONE": answers["KLDLOAD_TIMEZONE"],
            "LOCALE": answers["KLDLOAD_LOCALE"],
        ]
        values["DISKS"] = "\(answers.disks.count)"
        let secrets = answers.secrets.map(\.shellQuoted).joined(separator: " ")
        return values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.shellQuoted)\n" }.joined()
            + "SECRETS=(\(secrets))\n"
    }

    /// The script that runs one case.
    static func call(_ test: Test) -> String {
        "set -eu; cd /; . \(folder)/variables; . \(folder)/tests; \(test.function)"
    }
}
