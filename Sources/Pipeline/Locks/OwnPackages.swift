import ContentStore
import Darksites
import Declaration
import Glibc
import Locking
import Packages
import Primitives
import RPM
import SystemPackage

/// Package files of one's own, which the declaration names (`packages:` of a repository).
extension Project {
    /// The repositories of `distribution` that are made of such files, by name, with what the files are now.
    func ownRepositories(of distribution: Declaration.Distribution) throws -> [String: OwnRepository] {
        var patterns: [String: [Declaration.FilePattern]] = [:]
        let ending: String
        switch distribution.source {
        case .apt(let source):
            ending = ".deb"
            for repository in source.repositories where !repository.packages.isEmpty {
                patterns[repository.name] = repository.packages
            }
        case .rpm(let source):
            ending = ".rpm"
            for repository in source.repositories {
                if case .packages(let packages) = repository.access { patterns[repository.name] = packages }
            }
        }
        guard !patterns.isEmpty else { return [:] }
        let cache = StatCache(file: workspace.statCache)
        var errors: [any UserError] = []
        var repositories: [String: OwnRepository] = [:]
        for (name, patterns) in patterns {
            var files: [OwnRepository.File] = []
            for pattern in patterns {
                do throws(Mistake) {
                    for path in try Self.files(pattern, in: declaration.folder, ending: ending) {
                        files.append(try Self.file(path, pattern, cache))
                    }
                } catch {
                    errors.append(error)
                }
            }
            repositories[name] = OwnRepository(name: name, files: files)
        }
        guard errors.isEmpty else { throw UserErrors(errors) }
        try cache.save()
        return repositories
    }

    /// Makes the indexes of repositories of one's own that `lock` names, where the store does not have them: no mirror does.
    func putOwnIndexes(of lock: Lock) async throws {
        for locked in lock.distributions {
            guard let distribution = declaration[distribution: locked.name] else { continue }
            for (name, own) in try ownRepositories(of: distribution) {
                let indexes = locked.indexes.filter { $0.repository == name }
                if try await store.missing(of: Set(indexes.map(\.blob))).isEmpty { continue }
                switch distribution.family {
                case .apt: try await store.insert(try await BlockingWork.run { try own.debianIndexes().packages })
                case .rpm:
                    for file in try await own.rpmMetadata() { try await store.insert(file.bytes) }
                }
            }
        }
    }

    private static func file(
        _ path: FilePath, _ pattern: Declaration.FilePattern, _ cache: StatCache
    ) throws(Mistake) -> OwnRepository.File {
        do throws(FileError) {
            guard let status = try FileStatus(at: path) else { throw FileError("read", path, .noSuchFileOrDirectory) }
            return OwnRepository.File(
                path: path, digest: try cache.digest(of: path, status: status), size: ByteCount(status.size))
        } catch {
            throw Mistake("\(pattern.text): \(error.what)", at: pattern.location)
        }
    }

    /// The files that `pattern` means, taken from `folder`: those that it matches, and of a folder those that end with `ending`.
    private static func files(
        _ pattern: Declaration.FilePattern, in folder: FilePath, ending: String
    ) throws(Mistake) -> [FilePath] {
        let escaped = folder.string.map { "*?[\\".contains($0) ? "\\\($0)" : String($0) }.joined()
        let matches = glob(pattern.text.hasPrefix("/") ? pattern.text : "\(escaped)/\(pattern.text)")
        var files: [FilePath] = []
        for match in matches.map({ FilePath($0).lexicallyNormalized() }) {
            var isFolder = stat()
            if stat(match.string, &isFolder) == 0, isFolder.st_mode & S_IFMT == S_IFDIR {
                let names: [String]
                do throws(FileError) {
                    names = try Files.list(match)
                } catch {
                    throw Mistake("\(pattern.text): \(error.what)", at: pattern.location)
                }
                files += names.filter { $0.hasSuffix(ending) }.sorted().map { match.appending($0) }
            } else if match.string.hasSuffix(ending) {
                files.append(match)
            } else {
                throw Mistake(
                    "\(match) does not end with \(ending)", at: pattern.location,
                    hint: "name the packages alone: \(pattern.text)\(pattern.text.hasSuffix("*") ? ending : "")")
            }
        }
        guard !files.isEmpty else {
            throw Mistake(
                "there is no package \(pattern.text)", at: pattern.location,
                hint: "put \(ending) files there, or remove the repository from deploy.yaml")
        }
        return files
    }

    /// glob(7), in the order of the bytes of names.
    private static func glob(_ pattern: String) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        guard Glibc.glob(pattern, GLOB_NOSORT, nil, &found) == 0, let paths = found.gl_pathv else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { paths[$0].map { String(cString: $0) } }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
