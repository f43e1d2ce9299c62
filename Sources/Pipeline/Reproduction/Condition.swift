import Declaration
import Packages
import Primitives
import SystemPackage

/// What could make a difference between two builds of the same lock, and must not.
package struct Condition: Sendable, Hashable {
    /// "umask"
    package let name: String
    /// In the first build, and in the second.
    package let first: String
    package let second: String
    /// Whether the second build had it otherwise.
    package let isVaried: Bool

    init(_ name: String, _ first: String, _ second: String, isVaried: Bool? = nil) {
        self.name = name
        self.first = first
        self.second = second
        self.isVaried = isVaried ?? (first != second)
    }

    /// "varied: umask: 0022 → 0077"
    var sentence: String { isVaried ? "varied: \(name): \(first) → \(second)" : "not varied: \(name): \(second)" }
}

extension SecondGround {
    /// Each condition as it was and as it is. Steps of the first build ended at the times `ends`, in seconds since 1970; what else is
    /// said of that build is read off its store and this process.
    func conditions(after ends: [Int64]) throws -> [Condition] {
        let (workspace, environment) = (project.workspace, project.surroundings.environment)
        func value(_ name: String) -> String { environment[name] ?? "not set" }
        func fileSystem(_ folder: FilePath) throws -> String {
            try Proc().mount(holding: Files.realPath(folder) ?? folder)?.kind ?? "unknown"
        }
        func owner(_ folder: FilePath) throws -> String {
            try FileStatus(at: folder, followsLinks: true).map { LocalUser.name(of: $0.owner) } ?? "unknown"
        }
        return [
            Condition("checkout", project.declaration.folder.string, checkout.string),
            Condition("store", workspace.cache.string, "\(cache), empty but for what the lock names"),
            Condition("file system of the store", try fileSystem(workspace.cache), try fileSystem(cache)),
            Condition("user", try owner(workspace.records), try user?.name ?? owner(folder)),
            Condition("umask", try Self.ownUmask(), Self.umask),
            Condition("TZ", value("TZ"), variables["TZ"] ?? ""),
            Condition("LC_ALL, LANG", "\(value("LC_ALL")), \(value("LANG"))", variables["LC_ALL"] ?? ""),
            Condition("TMPDIR", value("TMPDIR"), variables["TMPDIR"] ?? ""),
            Condition("cores for steps", "\(project.surroundings.cores)", "\(jobs)"),
            Condition("signing key", "this host's", "a new one; then this host's"),
        ] + clocks(ends.sorted())
    }

    /// `ends` are sorted.
    private func clocks(_ ends: [Int64]) -> [Condition] {
        guard let first = ends.first, let last = ends.last else { return [] }
        func range(_ text: (Int64) -> String) -> String {
            text(first) == text(last) ? text(last) : "\(text(first)) to \(text(last))"
        }
        func time(_ seconds: Int64) -> String { "\(LockDate(secondsSince1970: seconds))" }
        func day(_ seconds: Int64) -> String { String(time(seconds).prefix { $0 != "T" }) }
        let now = project.surroundings.now() + (clock?.seconds ?? 0)
        // Steps of the first build may have run today, and others on days before.
        return [
            Condition("clock", range(time), time(now) + (clock == nil ? "" : ", by faketime, in containers too")),
            Condition("day", range(day), day(now), isVaried: day(last) < day(now)),
        ]
    }

    /// That of this process: "0022" (proc_pid_status(5)).
    private static func ownUmask() throws -> String {
        let line = try Proc().text("self/status").split(separator: "\n").first { $0.hasPrefix("Umask:") }
        return line.map { String($0.dropFirst(6).drop { $0.isWhitespace }) } ?? "unknown"
    }
}
