import ContentStore
import Primitives
package import SystemPackage

/// What comes from outside: handed in by the executable, and by tests.
package struct Surroundings: Sendable {
    package var environment: [String: String]
    /// The folder that relative paths of the user start from.
    package var currentFolder: FilePath
    /// Seconds since 1970.
    package var now: @Sendable () -> Int64
    /// How many cores steps may keep busy together.
    package var cores: Int
    /// The folder with apt's configuration of this host.
    package var aptFolder: FilePath

    package init(
        environment: [String: String], currentFolder: FilePath, now: @escaping @Sendable () -> Int64, cores: Int,
        aptFolder: FilePath = "/etc/apt"
    ) {
        self.environment = environment
        self.currentFolder = currentFolder
        self.now = now
        self.cores = cores
        self.aptFolder = aptFolder
    }

    /// The user's home; nil where the environment names none.
    package var home: FilePath? { environment["HOME"].flatMap { $0.hasPrefix("/") ? FilePath($0) : nil } }

    /// `path` as the user means it.
    package func absolute(_ path: FilePath) -> FilePath {
        path.isAbsolute ? path : currentFolder.pushing(path).lexicallyNormalized()
    }
}

/// The folders a build works in, below that of the declaration.
package struct Workspace: Sendable {
    /// The folder of deploy.yaml.
    package let root: FilePath
    /// Store, records and caches; `DEPLOY_CACHE` puts it elsewhere, to share it between checkouts.
    package let cache: FilePath
    /// The build host's signing key; `DEPLOY_KEY` puts it elsewhere.
    package let key: FilePath

    package init(root: FilePath, surroundings: Surroundings) {
        self.root = root
        let environment = surroundings.environment
        func folder(_ variable: String) -> FilePath? {
            environment[variable].flatMap { $0.isEmpty ? nil : surroundings.absolute(FilePath($0)) }
        }
        cache = folder("DEPLOY_CACHE") ?? root.pushing("live-build/cache")
        let data = folder("XDG_DATA_HOME") ?? FilePath(environment["HOME"] ?? "/root").pushing(".local/share")
        key = folder("DEPLOY_KEY") ?? data.pushing("kldload/signing-key")
    }

    package var logs: FilePath { root.pushing("live-build/logs") }
    package var records: FilePath { cache.appending("records") }
    package var statCache: FilePath { cache.appending("stat-cache") }
    package var podman: FilePath { cache.appending("podman") }

    /// `path` as people in the checkout know it.
    package func shown(_ path: FilePath) -> String {
        var relative = path
        return relative.removePrefix(root) && !relative.isEmpty ? relative.string : path.string
    }
}
