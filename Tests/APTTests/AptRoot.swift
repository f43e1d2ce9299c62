import Testing

@testable import APT

/// A root of its own for the real apt: nothing installed, its own sources and preferences, nothing of the host's.
final class AptRoot {
    let folder: TemporaryFolder
    private var sources = ""
    private let environment: String

    init(architectures: [String] = ["amd64"]) throws {
        folder = try TemporaryFolder()
        let root = folder.path
        _ = try shell(
            "mkdir -p \(root)/state/lists/partial \(root)/cache/archives/partial \(root)/etc/apt.conf.d "
                + "\(root)/etc/preferences.d \(root)/etc/trusted.gpg.d")
        try folder.write("status", [])
        try folder.write(
            "apt.conf",
            """
            APT::Architecture "amd64";
            APT::Architectures { \(architectures.map { "\"\($0)\";" }.joined(separator: " ")) };
            APT::Install-Recommends "false";
            APT::Sandbox::User "root";
            APT::Get::AllowUnauthenticated "true";
            Acquire::Languages "none";
            Acquire::Check-Valid-Until "false";
            Dir "\(root)";
            Dir::State "\(root)/state";
            Dir::State::status "\(root)/status";
            Dir::Cache "\(root)/cache";
            Dir::Etc "\(root)/etc";
            Dir::Etc::sourcelist "\(root)/sources.list";
            Dir::Etc::sourceparts "-";
            Dir::Etc::parts "\(root)/etc/apt.conf.d";
            Dir::Log "\(root)/log";

            """.utf8)
        environment = "APT_CONFIG=\(root)/apt.conf LC_ALL=C"
    }

    /// Adds an unsigned archive with one index of made packages.
    func add(_ origin: IndexOrigin, _ lines: [String], architecture: String = "amd64") throws {
        let packages = MadeIndexes.stanzas(
            lines.map { $0 + "; Description: made; Maintainer: Nobody <nobody@example.org>" })
        try add(origin, text: packages, architecture: architecture)
    }

    /// Adds an unsigned archive with one index of just these bytes.
    func add(_ origin: IndexOrigin, text packages: String, architecture: String = "amd64") throws {
        let dists = "\(origin.suite)/dists/\(origin.suite)"
        let path = "\(origin.component)/binary-\(architecture)/Packages"
        let file = try folder.write("\(dists)/\(path)", packages.utf8)
        let digest = try shell("sha256sum \(file)").prefix(64)
        var release =
            "Origin: \(origin.origin)\nLabel: \(origin.label)\nSuite: \(origin.archive)\nCodename: \(origin.codename)\n"
        if !origin.version.isEmpty { release += "Version: \(origin.version)\n" }
        if origin.notAutomatic { release += "NotAutomatic: yes\n" }
        if origin.butAutomaticUpgrades { release += "ButAutomaticUpgrades: yes\n" }
        release +=
            "Date: Sat, 21 Nov 2026 00:00:00 UTC\nArchitectures: \(architecture)\nComponents: \(origin.component)\n"
        release += "SHA256:\n \(digest) \(packages.utf8.count) \(path)\n"
        try folder.write("\(dists)/Release", release.utf8)
        add("deb [trusted=yes] file:\(folder.path)/\(origin.suite) \(origin.suite) \(origin.component)")
    }

    /// Adds a line of sources.list(5).
    func add(_ source: String) { sources += source + "\n" }

    /// Makes this root's archives reachable as `http://HOST/SUITE`, each at the host that its origin names, and calls `body`.
    func served(_ origins: [IndexOrigin], _ body: () throws -> Void) throws {
        sources = ""
        for origin in origins {
            add("deb [trusted=yes] http://\(origin.site)/\(origin.suite) \(origin.suite) \(origin.component)")
            // What a proxy is asked for is the whole address, and to Python's server that is a path.
            _ = try shell(
                "mkdir -p \(folder.path)/web/http:/\(origin.site) && "
                    + "ln -sfn \(folder.path)/\(origin.suite) \(folder.path)/web/http:/\(origin.site)/\(origin.suite)")
        }
        let port = try shell(
            """
            cd \(folder.path)/web && exec 3>&1 && python3 -u -m http.server --bind 127.0.0.1 0 3>&- \
                >\(folder.path)/web.log 2>&1 & echo $! >\(folder.path)/web.pid
            for _ in $(seq 100); do
                port=$(sed -nE 's/.* port ([0-9]+) .*/\\1/p' \(folder.path)/web.log)
                [ -z "$port" ] || break
                sleep 0.1
            done
            printf %s "$port"
            """)
        defer { _ = try? shell("kill $(cat \(folder.path)/web.pid)") }
        _ = try shell("echo 'Acquire::http::Proxy \"http://127.0.0.1:\(port)\";' >>\(folder.path)/apt.conf")
        try body()
    }

    func pin(_ pins: [(packages: String, pin: String, priority: Int)]) throws {
        let text = pins.map { "Package: \($0.packages)\nPin: \($0.pin)\nPin-Priority: \($0.priority)\n" }.joined(
            separator: "\n")
        try folder.write("etc/preferences", text.utf8)
    }

    func update() throws {
        try folder.write("sources.list", sources.utf8)
        _ = try shell(
            "\(environment) apt-get update -qq 2>\(folder.path)/update.log || { cat \(folder.path)/update.log >&2; false; }"
        )
    }

    struct UpdateFailed: Error {}

    /// As `update`, where apt may refuse the indexes: that is thrown.
    func tryUpdate() throws {
        try folder.write("sources.list", sources.utf8)
        let answer = try run("apt-get update -qq >\(folder.path)/update.log 2>&1 && echo taken || true")
        if answer.isEmpty { throw UpdateFailed() }
    }

    func run(_ command: String) throws -> String { try shell("\(environment) \(command)") }

    /// What `apt-cache policy` takes for the candidate of each name.
    func candidates(of names: [String]) throws -> [String: String] {
        var result: [String: String] = [:]
        var name = ""
        for line in try run("apt-cache policy \(names.joined(separator: " "))").split(separator: "\n") {
            if !line.hasPrefix(" ") { name = String(line.dropLast()) }
            if line.hasPrefix("  Candidate: ") {
                let version = String(line.dropFirst("  Candidate: ".count))
                if version != "(none)" { result[name] = version }
            }
        }
        return result
    }

    /// The packages, as "name version", that apt would install for these words of its command line; nil where it can't.
    func simulate(_ words: [String]) throws -> Set<String>? {
        let output = try run("apt-get install -s -qq \(words.joined(separator: " ")) 2>/dev/null || true")
        let lines = output.split(separator: "\n").filter { $0.hasPrefix("Inst ") }
        guard !lines.isEmpty else { return nil }
        return Set(
            lines.map { line in
                let parts = line.split(separator: " ")
                return "\(parts[1]) \(parts[2].drop { $0 == "(" })"
            })
    }
}
