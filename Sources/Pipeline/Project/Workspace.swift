import ContentStore
import Primitives
package import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// What comes from outside: handed in by the executable, and by tests.
package struct Surroundings: Sendable {
    /// The variables of the process: HOME, DEPLOY_CACHE and their like.
    package var environment: [String: String]
    /// The folder that relative paths of the user start from.
    package var currentFolder: FilePath
    /// Seconds since 1970.
    package var now: @Sendable () -> Int64
    /// How many cores steps may keep busy together.
    package var cores: Int
    /// How many this machine has.
    package let processors: Int
    /// The folder with apt's configuration of this host.
    package var aptFolder: FilePath
    /// What a declaration may take in beside what lies in its own folder.
    package var allowedFolders: [FilePath]

    /// Without `processors`, the machine has as many as are to be kept busy.
    package init(
        environment: [String: String], currentFolder: FilePath, now: @escaping @Sendable () -> Int64, cores: Int,
        processors: Int? = nil,
        aptFolder: FilePath = "/etc/apt", allowedFolders: [FilePath] = []
    ) {
        self.environment = environment
        self.currentFolder = currentFolder
        self.now = now
        self.cores = cores
        self.processors = processors ?? cores
        self.aptFolder = aptFolder
        self.allowedFolders = allowedFolders
    }

    /// The user's home; nil where the environment names none.
    package var home: FilePath? { environment["HOME"].flatMap { $0.hasPrefix("/") ? FilePath($0) : nil } }

    /// How large the store may be; nil where DEPLOY_CACHE_SIZE says nothing. Throws `Mistake` where it is no size.
    var storeLimit: ByteCount? {
        get throws(Mistake) {
            guard let text = environment["DEPLOY_CACHE_SIZE"], !text.isEmpty else { return nil }
            guard let size = ByteCount(written: text) else {
                throw Mistake(
                    "DEPLOY_CACHE_SIZE cannot be \"\(text)\"", at: nil, hint: "it is \(ByteCount.writingHint)")
            }
            return size
        }
    }

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
    /// That of the build host's signing key; nil where the environment names no place for it.
    private let keyFolder: FilePath?
    private let home: FilePath?

    /// `root` is the folder of deploy.yaml. DEPLOY_CACHE, DEPLOY_KEY, XDG_DATA_HOME and HOME are looked at; no folder
    /// is.
    package init(root: FilePath, surroundings: Surroundings) {
        self.root = root
        let environment = surroundings.environment
        func folder(_ variable: String) -> FilePath? {
            environment[variable].flatMap { $0.isEmpty ? nil : surroundings.absolute(FilePath($0)) }
        }
        cache = folder("DEPLOY_CACHE") ?? root.pushing("live-build/cache")
        // Never below the folder one happens to stand in, which may be a checkout: relative and empty ones name nothing.
        func absolute(_ variable: String) -> FilePath? {
            environment[variable].map { FilePath($0) }.flatMap { $0.isAbsolute ? $0 : nil }
        }
        home = absolute("HOME") ?? (environment["HOME"] == nil && geteuid() == 0 ? "/root" : nil)
        let data = absolute("XDG_DATA_HOME") ?? home?.pushing(".local/share")
        keyFolder = folder("DEPLOY_KEY") ?? data?.pushing("kldload/signing-key")
    }

    /// The build host's signing key; `DEPLOY_KEY` puts it elsewhere. Throws where nothing says where it is to be.
    package var key: FilePath {
        get throws(Mistake) {
            guard let keyFolder else {
                throw Mistake(
                    "nothing says where the build host's signing key is: HOME is not set", at: nil,
                    hint: "set HOME, or name a folder for the key: DEPLOY_KEY=/path ./deploy …")
            }
            return keyFolder
        }
    }

    /// Whether `folder` is one that can't be this program's alone: the root, the user's home, the checkout, or one above it.
    package func isShared(_ folder: FilePath) -> Bool {
        func real(_ path: FilePath) -> FilePath { Files.realPath(path) ?? path.lexicallyNormalized() }
        let folder = real(folder)
        return folder.components.isEmpty || real(root).starts(with: folder)
            || home.map { real($0).starts(with: folder) } == true
    }

    /// A folder for each build is in it, called after a moment: "20261119-203112".
    package var logs: FilePath { root.pushing("live-build/logs") }
    /// What is remembered of the runs of steps.
    package var records: FilePath { cache.appending("records") }
    /// What is worked out of blobs and can be made again.
    package var derived: FilePath { cache.appending("derived") }
    /// The file with the digests of the user's files, so that they are read once.
    package var statCache: FilePath { cache.appending("stat-cache") }
    /// How containers are started on this host, once that was found out; and podman's temporary files.
    package var podman: FilePath { cache.appending("podman") }

    /// `path` as people in the checkout know it.
    package func shown(_ path: FilePath) -> String {
        var relative = path
        return relative.removePrefix(root) && !relative.isEmpty ? relative.string : path.string
    }
}
