import APT
import Archives
package import Primitives
import RPM
package import SystemPackage

/// Package files of the user's own, which lie on the build host: a repository that is indexed here. Nobody signs it; the lock has the
/// digests of its files.
package struct OwnRepository: Hashable, Sendable {
    /// One package file.
    package struct File: Hashable, Sendable {
        /// Where it lies on the build host.
        package let path: FilePath
        /// Of its bytes.
        package let digest: Digest
        /// Of its bytes.
        package let size: ByteCount

        package init(path: FilePath, digest: Digest, size: ByteCount) {
            self.path = path
            self.digest = digest
            self.size = size
        }

        var name: String { path.lastComponent?.string ?? path.string }
    }

    /// As the declaration calls it.
    package let name: String
    /// Sorted by name and digest; the same bytes once.
    package let files: [File]

    /// The files may be in any order; of several with the same bytes the first by name stays.
    package init(name: String, files: [File]) {
        self.name = name
        var seen: Set<Digest> = []
        self.files = files.sorted { ($0.name, $0.digest) < ($1.name, $1.digest) }
            .filter { seen.insert($0.digest).inserted }
    }

    /// The digest of the files' names and digests: another one where a file is added, changed or gone.
    package var digest: Digest {
        Digest(of: Array(files.map { "\($0.digest.hex) \($0.name)\n" }.joined().utf8))
    }

    private var paths: DistinctPaths { DistinctPaths(files.lazy.map { ($0.name, $0.digest) }) }

    /// The index of its .debs, and the Release file that names it. The same files give the same bytes: they are dated 1970.
    ///
    /// - Throws: `UserErrors` with all files that are no .deb, and all that are the same package.
    package func debianIndexes() throws -> (packages: [UInt8], release: [UInt8]) {
        var text: [UInt8] = []
        let paths = paths
        try eachOnce { file in
            let path = paths.path(file.name, of: file.digest)
            let package = try MirrorPackage(
                controlParagraph: DebFile(file.path).controlParagraph(), path: path, size: file.size,
                digest: file.digest)
            text += package.stanza + [UInt8(ascii: "\n")]
            return "\(package.name) \(package.version) \(package.architecture)"
        }
        let digest = Digest(of: text)
        let release = "Date: \(RepositoryDate.text(0))\nSHA256:\n \(digest.hex) \(text.count) Packages\n"
        return (text, Array(release.utf8))
    }

    /// The metadata of its .rpms, repomd.xml the last of them; dated 1970 as well.
    ///
    /// - Throws: `UserErrors` with all files that are no .rpm, and all that are the same package.
    package func rpmMetadata() async throws -> [RepositoryFile] {
        let packages = try await BlockingWork.run {
            var packages: [RepodataPackage] = []
            let paths = paths
            try eachOnce { file in
                let header = try PackageHeader(reading: Files.read(file.path), source: file.path.string)
                let package = try RepodataPackage(
                    header: header, path: paths.path(file.name, of: file.digest), size: file.size, digest: file.digest)
                packages.append(package)
                return "\(package.name) \(package.version) \(package.architecture)"
            }
            return packages
        }
        return try await RepodataWriter(epoch: 0, compression: .none).files(of: packages)
    }

    /// Calls `read` with each file, which returns what the package is; all errors are thrown at once.
    private func eachOnce(_ read: (File) throws -> String) throws {
        var known: [String: File] = [:]
        var errors: [any UserError] = []
        for file in files {
            do {
                let package = try read(file)
                if let other = known.updateValue(file, forKey: package) {
                    errors.append(SamePackage(package: package, files: [other.path, file.path]))
                }
            } catch let error as any UserError {
                errors.append(error)
            }
        }
        guard errors.isEmpty else { throw UserErrors(errors) }
    }
}

/// Two files that are one version of one package, with different content.
struct SamePackage: UserError {
    let package: String
    let files: [FilePath]
    var what: String { "two files are \(package), and they are not the same" }
    var details: [String] { files.map(\.string) }
    var hint: String? { "remove one, or give it another version" }
}
