import APT
import BuildGraph
import ContentStore
import Darksites
import Glibc
import LiveImage
import Locking
import Packages
import Primitives
import Synchronization
import SystemPackage
import Testing
import Transfer

@testable import Declaration
@testable import Pipeline

/// RPM repositories that `Tests/rpm/make-rpm-repositories` makes, with a store to build from them; gone with this object.
final class MadeRPMSite {
    let folder: String
    let store: ContentStore
    /// By repository.
    var keys: [String: [[UInt8]]] = [:]
    private let repositories: String
    private let containers: HostScripts
    /// Keeps the repositories of another site as long as this one needs them.
    private let owner: MadeRPMSite?

    private static let paths = [
        "base": "9-stream/BaseOS/x86_64/os", "stream": "9-stream/AppStream/x86_64/os",
        "more": "epel/9/Everything/x86_64",
        "kmod": "zfs/epel/9/kmod/x86_64",
    ]

    static let canBeMade =
        geteuid() == 0 && (try? run("command -v rpmbuild rpmsign createrepo_c dnf modinfo objcopy >/dev/null")) != nil

    /// New repositories, or those of `other`.
    init(of other: MadeRPMSite? = nil) throws {
        var template = Array("/tmp/rpm-site-tests-XXXXXX".utf8CString)
        folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        store = try ContentStore(root: FilePath(folder).appending("store"))
        containers = HostScripts(folder: "\(folder)/containers")
        owner = other
        repositories = other?.repositories ?? "\(folder)/made"
        if other == nil {
            let tests = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
            try Self.run("/\(tests)/rpm/make-rpm-repositories \(repositories)")
        }
        for (name, file) in [("base", "KEY"), ("stream", "KEY"), ("more", "KEY-2"), ("kmod", "KEY-2")] {
            keys[name] = [try Files.read(FilePath("\(repositories)/\(file)"))]
        }
    }

    deinit { _ = try? Self.run("chmod -R u+w \(folder) && rm -rf \(folder)") }

    /// What the scripts said.
    var said: [String] { containers.said.withLock { $0 } }

    /// What dnf installs for `words`, as a lock has it, in the profile `core`.
    func lock(_ words: [String]) throws -> LockedDistribution {
        let site = "\(repositories)/site"
        var configuration = "[main]\nreposdir=/none\nplugins=0\ninstall_weak_deps=0\ngpgcheck=0\n"
        configuration += "module_platform_id=platform:el9\ncachedir=\(folder)/cache\nlogdir=\(folder)\n"
        for (name, path) in Self.paths { configuration += "[\(name)]\nname=x\nbaseurl=file://\(site)/\(path)\n" }
        // Newer than the distribution's own.
        configuration = configuration.replacing("[more]\n", with: "[more]\nexclude=curl\n")
        try Files.write(configuration.utf8, to: FilePath("\(folder)/dnf.conf"))
        try Self.run(
            """
            rm -rf \(folder)/closure && dnf --config \(folder)/dnf.conf --installroot \(folder)/none --releasever 9 \
            --forcearch x86_64 --assumeyes install --downloadonly --destdir \(folder)/closure \
            \(words.joined(separator: " ")) >\(folder)/log 2>&1 || { cat \(folder)/log; exit 1; }
            """)
        let names = try Self.run(
            """
            cd \(folder)/closure && for file in *.rpm; do printf '%s ' "$file"; rpm --dbpath \(folder)/db -qp --nosignature \
            --qf '%{NAME} %|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE} %{ARCH}\\n' "$file"; done
            """)
        var packages: [LockedPackage] = []
        for line in names.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            let found = try Self.run("cd \(site) && find . -name '\(words[0])' -not -path './stale/*' -printf '%P\\n'")
            let path = try #require(found.split(separator: "\n").first.map(String.init))
            let (name, root) = try #require(Self.paths.first { path.hasPrefix($0.value + "/") })
            let file = try Files.digest(FilePath("\(site)/\(path)"))
            packages.append(
                LockedPackage(
                    name: words[1], version: words[2], architecture: words[3], profiles: ["core"], isEssential: false,
                    size: ByteCount(file.size), repository: name, path: String(path.dropFirst(root.utf8.count + 1)),
                    digest: file.digest))
        }
        var snapshots: [LockedSnapshot] = []
        var indexes: [LockedIndex] = []
        for (name, path) in Self.paths {
            let repomd = try Files.digest(FilePath("\(site)/\(path)/repodata/repomd.xml"))
            snapshots.append(
                LockedSnapshot(
                    repository: name, suite: "-", date: LockDate(secondsSince1970: 1_736_761_560),
                    digest: repomd.digest,
                    size: ByteCount(repomd.size)))
            for file in try Files.list(FilePath("\(site)/\(path)/repodata")) {
                let type = ["primary", "filelists", "comps", "modules"].first { file.contains("-\($0)") }
                // createrepo_c writes groups twice.
                guard let type, type != "comps" || file.hasSuffix(".gz") else { continue }
                let content = try Files.digest(FilePath("\(site)/\(path)/repodata/\(file)"))
                indexes.append(
                    LockedIndex(
                        repository: name, suite: "-", component: type == "comps" ? "group" : type,
                        architecture: "x86_64",
                        size: ByteCount(content.size), path: "repodata/\(file)", digest: content.digest))
            }
        }
        return LockedDistribution(
            name: "centos", family: .rpm, architecture: "x86_64", asked: nil, snapshots: snapshots, indexes: indexes,
            packages: packages)
    }

    /// The steps that the pipeline plans for `locked`, whose profile is handed on where `isSystem` says so.
    func steps(_ locked: LockedDistribution, isSystem: Bool = false) async throws -> StepGraph {
        let addresses = Self.paths.mapValues { ["file://\(repositories)/site/\($0)"] }
        let source = Declaration.RPMSource(
            platform: "el9", repositories: [], excludes: [], modules: [],
            zfs: locked.packages.contains { $0.name == "kmod-zfs" } ? .kmod : nil,
            isOnline: false)
        let declared = Declaration.Distribution(
            name: "centos", release: "9", codename: "el9", architecture: "x86_64", profiles: [],
            namedInstallations: ["core"], source: .rpm(source))
        let recipe = ImageRecipe(
            builder: .registry("made@sha256:\(Digest(of: [0]).hex)"), epoch: 1_736_761_560, identity: "test")
        let planner = DarksitePlanner(
            locked: locked, declaration: declared, profiles: ["core"], family: RPMDarksite(source: source, keys: keys),
            fetch: PackageFetch(addresses: RepositoryAddresses(addresses), downloader: Downloader()),
            signer: try await SigningKey(home: FilePath(owner?.folder ?? folder).appending("key")),
            recipe: recipe, imageRecipe: recipe,
            facts: DistributionFacts(declared, profiles: ["core"], port: nil, checkout: "/checkout"),
            forbidden: ["core": ["exim"]],
            handedOn: isSystem ? ["core"] : [], live: nil, isDraft: false)
        return try StepGraph(try planner.steps())
    }

    /// Builds `target` of these steps.
    func build(_ locked: LockedDistribution, _ target: String, isSystem: Bool = false) async throws -> BuildReport {
        let graph = try await steps(locked, isSystem: isSystem)
        let engine = BuildEngine(
            store: store, records: try RecordFolder(root: FilePath(folder).appending("records")),
            containers: containers, logFolder: FilePath(folder).appending("logs"), cores: 2, architecture: "amd64",
            now: { MadeCheckout.now },
            events: { _ in })
        return try await engine.build(try graph.resolve(targets: [target]), in: graph)
    }

    @discardableResult
    static func run(_ command: String) throws -> String {
        let pipe = try #require(popen(command, "r"))
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 { output += buffer[..<count] }
        let text = String(decoding: output, as: UTF8.self)
        guard pclose(pipe) == 0 else { throw Failed(command: command, output: text) }
        return text
    }

    struct Failed: Error {
        let command: String
        let output: String
    }
}

/// Runs the scripts of container steps on this machine, with their inputs in a folder.
final class HostScripts: ContainerRunner {
    private let folder: String
    let said = Mutex<[String]>([])

    init(folder: String) { self.folder = folder }

    func run(_ command: ContainerCommand, onLine: @escaping @Sendable (String) -> Void) async throws -> Int32 {
        let place = "\(folder)/\(command.name.replacing("/", with: "-"))"
        try Files.createDirectory(FilePath(place).appending("in"))
        for (name, path) in command.mounts {
            try MadeRPMSite.run("mkdir -p $(dirname \(place)/in/\(name)) && ln -sfn \(path) \(place)/in/\(name)")
        }
        try Files.write(command.script, to: FilePath(place).appending("script"))
        // Such a script is for the root that it runs in.
        guard case .registry = command.image else { throw MadeRPMSite.Failed(command: command.name, output: "no root") }
        let arguments = command.arguments.joined(separator: " ")
        let environment = command.environment.map { "\($0)=\($1)" }.joined(separator: " ")
        let text = try MadeRPMSite.run(
            """
            \(environment) GATE_IN=\(place)/in GATE_OUT=\(command.output) bash \(place)/script \(arguments) </dev/null >\(place)/log 2>&1; \
            echo $? >>\(place)/log; cat \(place)/log
            """)
        var lines = text.split(separator: "\n").map(String.init)
        let status = lines.popLast().flatMap { Int32($0) } ?? 1
        said.withLock { $0.append(lines.joined(separator: "\n")) }
        for line in lines { onLine(line) }
        return status
    }

    func shell(_ command: ContainerCommand) async throws -> Int32 { 0 }
}
