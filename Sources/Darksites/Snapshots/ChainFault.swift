import Locking
package import Primitives

/// A line of a lock that the signed files do not bear out.
struct ChainFault {
    enum Subject {
        case snapshot(LockedSnapshot)
        case index(LockedIndex)
        case package(LockedPackage)
    }

    let subject: Subject
    /// What the lock says, and what the signed files say.
    let what: String
    var details: [String] = []
    /// Whether a merge of two good locks may have left the line; else somebody wrote it.
    var mayBeMerged = false

    /// What signed indexes say of a package that is called like a locked one.
    struct Candidate {
        /// Those that have it.
        let repositories: Set<String>
        let path: String
        let size: ByteCount
        /// In hexadecimal, of whatever kind.
        let digest: String
    }

    /// What is wrong with a locked package of which signed indexes have `candidates`; nil where one of them is it.
    static func of(_ package: LockedPackage, candidates: [Candidate]) -> ChainFault? {
        func isIt(_ candidate: Candidate) -> Bool {
            candidate.repositories.contains(package.repository) && candidate.digest == package.digest.hex
                && candidate.size == package.size && candidate.path == package.path
        }
        if candidates.contains(where: isIt) { return nil }
        let shown = "\(package.name) \(package.version) \(package.architecture)"
        guard !candidates.isEmpty else {
            return ChainFault(
                subject: .package(package), what: "\(shown): no signed index of \(package.repository) has it",
                mayBeMerged: true)
        }
        let seen = candidates.map { candidate in
            let isHere = candidate.repositories.contains(package.repository)
            let repository = isHere ? package.repository : candidate.repositories.sorted().joined(separator: ", ")
            return "\(repository) has it as \(candidate.path), \(candidate.size.bytes) bytes, \(candidate.digest)"
        }
        return ChainFault(
            subject: .package(package), what: "\(shown): no signed index of \(package.repository) has this file",
            details: ["locked: \(package.path), \(package.size.bytes) bytes, \(package.digest.hex)"] + seen)
    }
}

/// A lock that does not follow from what the declared keys signed.
package struct BrokenChain: UserError {
    /// One at least, in the order of the lock.
    let faults: [ChainFault]
    let distribution: String
    /// Where the lines are; nil where the lock was not read from a file.
    let places: LockPlaces?

    private static let shown = 5

    private func place(_ fault: ChainFault) -> SourceLocation? { places?.location(of: fault.subject, in: distribution) }

    package var what: String { faults[0].what }
    package var location: SourceLocation? { place(faults[0]) }
    package var details: [String] {
        let others = faults.dropFirst().prefix(Self.shown - 1).map { fault in
            (place(fault).map { "\($0): " } ?? "") + fault.what
        }
        let more = faults.count - Self.shown
        return faults[0].details + others + (more > 0 ? ["and \(more) more lines of \(distribution)"] : [])
    }
    package var hint: String? {
        guard places != nil else {
            return "what the store keeps of the indexes is not what it should be: `deploy clean`, then build again"
        }
        return """
            deploy.lock is not what was resolved from signed indexes: `git log -p deploy.lock` shows who changed it; restore it, \
            or `deploy update \(distribution)` to resolve it anew
            """
    }
}

/// Finds the lines of a lock again, for errors about what they say.
package struct LockPlaces: Sendable {
    private let bytes: [UInt8]
    private let file: String

    /// `bytes` are those of the lock in `file`.
    package init(_ bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
    }

    /// The lines of the section called `name`, without the empty ones at its end; nothing where there is none.
    package func section(_ name: String) -> ArraySlice<UInt8> {
        let mark = Array("distribution ".utf8)
        let head = mark + Array("\(name) ".utf8)
        var (start, end) = (bytes.endIndex, bytes.endIndex)
        var line = bytes.startIndex
        while line < bytes.endIndex {
            if bytes[line...].starts(with: mark) {
                if start < end {
                    end = line
                    break
                }
                if bytes[line...].starts(with: head) { start = line }
            }
            guard let newline = bytes[line...].firstIndex(of: UInt8(ascii: "\n")) else { break }
            line = newline + 1
        }
        while end > start, bytes[end - 1] == UInt8(ascii: "\n") { end -= 1 }
        return bytes[start..<end]
    }

    func location(of subject: ChainFault.Subject, in distribution: String) -> SourceLocation? {
        let (keywords, wanted): ([String], [String]) =
            switch subject {
            case .snapshot(let snapshot):
                (["snapshot"], [snapshot.repository, snapshot.suite, snapshot.digest.hex].compactMap { $0 })
            case .index(let index):
                (["index"], [index.repository, index.suite, index.path, index.digest.hex].compactMap { $0 })
            case .package(let package):
                (
                    ["package", "essential"],
                    [package.name, package.version, package.architecture, package.path, package.digest.hex]
                )
            }
        var isInside = false
        for (number, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
        {
            let fields = String(decoding: line, as: UTF8.self).split { $0 == " " || $0 == "\r" || $0 == "\r\n" }
                .map(String.init)
            guard let keyword = fields.first else { continue }
            if keyword == "distribution" { isInside = fields.count > 1 && fields[1] == distribution }
            guard isInside, keywords.contains(keyword), wanted.allSatisfy(fields.contains) else { continue }
            return SourceLocation(file: file, line: number + 1)
        }
        return nil
    }
}
