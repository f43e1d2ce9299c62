private import Archives
package import Primitives

/// Makes the index files of a mirror (Debian repository format), in memory.
///
/// The same packages, in whatever order, with the same epoch give the same bytes.
package struct MirrorWriter: Sendable {
    /// Seconds since 1970: the Date of every Release file.
    package let epoch: Int64
    /// For 3,000 packages (2.5 MB) level 6 takes 1.0 s of one core, level 0 in blocks 0.1 s of all; it saves 0.1 MB on a
    /// medium that holds gigabytes.
    private let xzLevel: Int32 = 0
    private let xzBlockSize = 512 << 10
    /// The level of Packages.gz, which is only there for tools that know nothing else.
    private let gzipLevel: Int32 = 1

    /// A writer of indexes dated `epoch`.
    package init(epoch: Int64) { self.epoch = epoch }

    /// All files below dists/ of `suite`: for each component and architecture Packages, .gz, .xz and Release, each by
    /// its digest too, and Release, the last of them; who signs it puts `Release.gpg` beside it. Valid-Until is absent: the mirror is
    /// read on machines whose clock nobody vouches for, years later.
    ///
    /// - Throws: `MirrorError` for a package that doesn't fit in; `ArchiveError`, `CancellationError`.
    package func files(of suite: MirrorSuite) async throws -> [RepositoryFile] {
        let indexes = try await indexes(of: suite)
        let folder = "dists/\(suite.name)/"
        var files: [RepositoryFile] = []
        for index in indexes {
            files.append(RepositoryFile(path: folder + index.path, bytes: index.bytes, digest: index.digest))
            let named = folder + Release.byHashPath(of: index.path, index.digest)
            // Two empty indexes of a folder have the same digest.
            if files.contains(where: { $0.path == named }) { continue }
            files.append(RepositoryFile(path: named, bytes: index.bytes, digest: index.digest))
        }
        return files + [RepositoryFile(path: folder + "Release", bytes: releaseFile(suite, indexes))]
    }

    /// The index files of `suite` by their path below its folder, in the order of their paths; not signed, nor Release.
    func indexes(of suite: MirrorSuite) async throws -> [RepositoryFile] {
        let parts = suite.components.flatMap { component in suite.architectures.map { (component, $0) } }
        for component in suite.components {
            for package in component.packages
            where package.architecture != "all" && !suite.architectures.contains(package.architecture) {
                throw MirrorError(
                    package: "\(package.name) \(package.version)", problem: .architecture(package.architecture))
            }
        }
        return try await withThrowingTaskGroup(of: [RepositoryFile].self) { group in
            for (component, architecture) in parts {
                let packages = try ordered(component.packages, architecture)
                let folder = "\(component.name)/binary-\(architecture)/"
                var plain: [UInt8] = []
                plain.reserveCapacity(packages.reduce(0) { $0 + $1.stanza.count + 1 })
                for package in packages {
                    plain += package.stanza
                    plain.append(0x0A)
                }
                let content = plain
                func file(_ name: String, _ bytes: [UInt8]) -> RepositoryFile {
                    RepositoryFile(path: folder + name, bytes: bytes)
                }
                let notice = Array(folderRelease(suite, component.name, architecture).utf8)
                group.addTask { [file("Packages", content), file("Release", notice)] }
                group.addTask { [file("Packages.gz", try Compression.gzip.compress(content, level: gzipLevel))] }
                group.addTask {
                    let packed = try Compression.xz.compress(content, level: xzLevel, blockSize: xzBlockSize)
                    return [file("Packages.xz", packed)]
                }
            }
            var files: [RepositoryFile] = []
            for try await made in group { files += made }
            return files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        }
    }

    /// The packages that `architecture` sees, in the order of name, version and architecture, each once.
    private func ordered(_ packages: [MirrorPackage], _ architecture: String) throws(MirrorError) -> [MirrorPackage] {
        func key(_ package: MirrorPackage) -> (String, String, String) {
            (package.name, package.version, package.architecture)
        }
        let sorted = packages.filter { $0.architecture == architecture || $0.architecture == "all" }
            .sorted { key($0) < key($1) }
        var result: [MirrorPackage] = []
        result.reserveCapacity(sorted.count)
        for package in sorted {
            if let last = result.last, key(last) == key(package) {
                guard last.digest == package.digest, last.path == package.path else {
                    let name = "\(package.name) \(package.version) \(package.architecture)"
                    throw MirrorError(package: name, problem: .twice)
                }
                continue
            }
            result.append(package)
        }
        return result
    }

    private func folderRelease(_ suite: MirrorSuite, _ component: String, _ architecture: String) -> String {
        var lines = ["Archive: \(suite.suite)", "Origin: \(suite.origin)", "Label: \(suite.label)"]
        if let version = suite.version { lines.append("Version: \(version)") }
        lines += ["Acquire-By-Hash: yes", "Component: \(component)", "Architecture: \(architecture)"]
        return lines.joined(separator: "\n") + "\n"
    }

    private func releaseFile(_ suite: MirrorSuite, _ indexes: [RepositoryFile]) -> [UInt8] {
        var lines = ["Origin: \(suite.origin)", "Label: \(suite.label)", "Suite: \(suite.suite)"]
        if let version = suite.version { lines.append("Version: \(version)") }
        lines += [
            "Codename: \(suite.codename)", "Date: \(RepositoryDate.text(epoch))", "Acquire-By-Hash: yes",
            "No-Support-for-Architecture-all: Packages",
            "Architectures: \(suite.architectures.joined(separator: " "))",
            "Components: \(suite.components.map(\.name).joined(separator: " "))",
        ]
        if let description = suite.description { lines.append("Description: \(description)") }
        lines.append("SHA256:")
        for index in indexes { lines.append(" \(index.digest.hex) \(index.bytes.count) \(index.path)") }
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }
}
