import Primitives
package import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// Where a cache file is to go.
package enum CacheDestination: Sendable {
    /// Into the current folder, under a name of its own.
    case named
    /// There, in the place of what is there.
    case file(FilePath)
    case standardOutput
}

/// A file that appears when it is complete, or standard output.
struct CacheOutput {
    /// Nil for standard output.
    let path: FilePath?

    init(_ destination: CacheDestination, named name: String, _ surroundings: Surroundings) {
        path =
            switch destination {
            case .named: surroundings.currentFolder.appending(name)
            case .file(let path): surroundings.absolute(path)
            case .standardOutput: nil
            }
    }

    /// Opens it for `body`, with its name, and returns what that returns. Of a file that `body` does not complete nothing stays.
    func write<T>(_ body: (FileDescriptor, String) throws -> T) throws -> T {
        guard let path else { return try body(.standardOutput, "standard output") }
        if let kind = try FileStatus(at: path, followsLinks: true)?.kind, kind != .regular {
            throw Mistake("\(path) is there already, and is no file", at: nil, hint: "name a new file, or - for a pipe")
        }
        let name = path.lastComponent?.string ?? "cache"
        let partial = path.removingLastComponent().appending(".\(name).\(getpid()).part")
        do {
            let descriptor: FileDescriptor
            do {
                descriptor = try FileDescriptor.open(
                    partial, .writeOnly, options: [.create, .truncate, .closeOnExec],
                    permissions: [.ownerReadWrite, .groupRead, .otherRead])
            } catch {
                throw FileError("make", partial, error as? Errno ?? .ioError)
            }
            let result = try descriptor.closeAfter {
                let result = try body(descriptor, path.string)
                guard fsync(descriptor.rawValue) == 0 else {
                    throw FileError("write", path, Errno(rawValue: errno))
                }
                return result
            }
            try Files.rename(partial, to: path)
            return result
        } catch {
            try? Files.remove(partial)
            throw error
        }
    }
}
