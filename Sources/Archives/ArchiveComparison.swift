private import Glibc
package import SystemPackage

/// Where two archives differ first.
package struct ArchiveComparison {
    /// What differs first.
    package enum Difference: Sendable, Equatable {
        /// At this place one archive has another member than the other one, or none.
        case member(first: String?, second: String?)
        /// What their headers say of a member: "mode 644, mode 600".
        case header(path: String, String)
        /// What is in a member; both contents were written to the files that were named for them.
        case content(path: String)
        /// Nothing of any member: how they are packed.
        case packing
    }

    private let first: FilePath
    private let second: FilePath

    /// Of the files at these paths, whatever archives they are (tar, cpio, ar, ISO 9660, compressed or not).
    package init(_ first: FilePath, _ second: FilePath) {
        self.first = first
        self.second = second
    }

    /// The first difference, looked for member by member; nil where one of the files is no archive. The contents of the member that
    /// differs are written to `contents`, for who wants to look into them. It works on the calling thread, and stops between members
    /// when the current task is cancelled.
    ///
    /// Throws `ArchiveError`.
    package func difference(
        contents: (first: FilePath, second: FilePath)
    ) throws(ArchiveError) -> Difference? {
        guard let (left, right) = open() else { return nil }
        var number = 0
        while true {
            if Task.isCancelled { throw ArchiveError(first.string, .cancelled) }
            let (mine, other) = (try left.nextEntry(), try right.nextEntry())
            guard let mine, let other, mine.path == other.path else {
                // A file that libarchive takes for an empty archive is none.
                if mine == nil, other == nil { return number == 0 ? nil : .packing }
                return .member(first: mine?.displayPath, second: other?.displayPath)
            }
            if let facts = Self.facts(mine, other) { return .header(path: mine.displayPath, facts) }
            if case .file = mine.kind, try !Self.isSame(left, right) {
                try write(number, contents)
                return .content(path: mine.displayPath)
            }
            number += 1
        }
    }

    private func open() -> (ArchiveReader, ArchiveReader)? {
        func open(_ path: FilePath) throws(ArchiveError) -> ArchiveReader {
            let reader = try ArchiveReader(name: path.string)
            try reader.openAny(at: path)
            return reader
        }
        guard let left = try? open(first), let right = try? open(second) else { return nil }
        return (left, right)
    }

    /// What differs between two headers, in words.
    private static func facts(_ mine: ArchiveEntry, _ other: ArchiveEntry) -> String? {
        func pair(_ name: String, _ of: (ArchiveEntry) -> some Equatable) -> String? {
            of(mine) == of(other) ? nil : "\(name) \(of(mine)), \(of(other))"
        }
        return pair("modified", \.modified) ?? pair("mode") { String($0.permissions, radix: 8) } ?? pair(
            "owner", \.user)
            ?? pair("group", \.group) ?? pair("kind", \.kind)
            ?? (mine.attributes == other.attributes ? nil : "extended attributes")
    }

    private static let piece = 1 << 16

    /// Whether the current members have the same bytes.
    private static func isSame(_ left: ArchiveReader, _ right: ArchiveReader) throws(ArchiveError) -> Bool {
        var (mine, other) = ([UInt8](repeating: 0, count: piece), [UInt8](repeating: 0, count: piece))
        while true {
            let counts = (try left.read(into: &mine), try right.read(into: &other))
            guard counts.0 == counts.1, mine[..<counts.0] == other[..<counts.1] else { return false }
            if counts.0 < piece { return true }
        }
    }

    /// Writes what the members after `number` others hold.
    private func write(_ number: Int, _ contents: (first: FilePath, second: FilePath)) throws(ArchiveError) {
        guard let (left, right) = open() else { return }
        for (reader, path) in [(left, contents.first), (right, contents.second)] {
            for _ in 0...number { _ = try reader.nextEntry() }
            do {
                let file = try FileDescriptor.open(
                    path, .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: .ownerReadWrite)
                try file.closeAfter {
                    var bytes = [UInt8](repeating: 0, count: Self.piece)
                    while true {
                        let count = try reader.read(into: &bytes)
                        try file.writeAll(bytes[..<count])
                        if count < Self.piece { return }
                    }
                }
            } catch let error as Errno {
                throw ArchiveError(path.string, .file("write", error))
            } catch {
                throw error as? ArchiveError ?? ArchiveError(path.string, .corrupt("\(error)"))
            }
        }
    }
}

extension ArchiveReader {
    /// Fills `bytes` with the current member's next bytes; fewer only at the member's end.
    fileprivate func read(into bytes: inout [UInt8]) throws(ArchiveError) -> Int {
        do {
            return try bytes.withUnsafeMutableBytes { try readData(into: $0) }
        } catch {
            throw error as? ArchiveError ?? ArchiveError("archive", .corrupt("\(error)"))
        }
    }
}
