package import Primitives

/// What a Release file says (Debian repository format): which suite it is, and the digests of its indexes.
package struct Release: Sendable {
    /// An index or another file below the suite's folder.
    package struct Entry: Hashable, Sendable {
        package let digest: Digest
        package let size: ByteCount
    }

    /// Where it came from, for errors.
    package let source: String
    package let origin: String?
    package let label: String?
    package let suite: String?
    package let codename: String?
    package let version: String?
    /// Seconds since 1970.
    package let date: Int64
    /// Seconds since 1970; nil where it never expires.
    package let validUntil: Int64?
    package let acquireByHash: Bool
    package let notAutomatic: Bool
    package let butAutomaticUpgrades: Bool
    package let components: [String]
    package let architectures: [String]
    /// By path below the suite's folder: "main/binary-amd64/Packages.xz".
    package let entries: [String: Entry]

    /// Reads `payload`, the verified bytes of a Release file or of the text in an InRelease file.
    ///
    /// - Throws: `ReleaseError` where it is malformed, has no date or no SHA256 section.
    package init(payload: [UInt8], source: String) throws(ReleaseError) {
        let region = ByteRegion(payload)
        var fields: [String: String] = [:]
        var entries: [String: Entry]?
        var scanner = Deb822Scanner()
        scanning: while true {
            let event: Deb822Scanner.Event
            do { event = try scanner.next(in: region.bytes) } catch {
                throw ReleaseError(source, .malformed("\(error)"))
            }
            switch event {
            case .field(let name, let value):
                let key = region.text(name).lowercased()
                if key == "sha256" {
                    entries = try Self.entries(region, value, source)
                } else if key != "md5sum", key != "sha1", key != "sha512" {
                    fields[key] = region.text(value)
                }
            case .endOfStanza, .end: break scanning
            }
        }
        func date(_ key: String) throws(ReleaseError) -> Int64? {
            guard let text = fields[key] else { return nil }
            guard let seconds = RepositoryDate.seconds(text) else {
                throw ReleaseError(source, .malformed("\"\(text)\" is no date"))
            }
            return seconds
        }
        func words(_ key: String) -> [String] {
            (fields[key] ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
        }
        guard let made = try date("date") else { throw ReleaseError(source, .malformed("it has no Date")) }
        guard let entries else { throw ReleaseError(source, .weak) }
        self.source = source
        self.entries = entries
        self.date = made
        validUntil = try date("valid-until")
        origin = fields["origin"]
        label = fields["label"]
        suite = fields["suite"]
        codename = fields["codename"]
        version = fields["version"]
        acquireByHash = fields["acquire-by-hash"] == "yes"
        notAutomatic = fields["notautomatic"] == "yes"
        butAutomaticUpgrades = fields["butautomaticupgrades"] == "yes"
        components = words("components")
        architectures = words("architectures")
    }

    /// Checks that this is what was asked for, and in force at `now`, seconds since 1970.
    ///
    /// `name` must be its suite or codename; components may carry a prefix as "updates/main" does. Like apt it lets a
    /// date be 10 seconds ahead.
    package func check(
        suite name: String, components wanted: [String], architectures machines: [String], now: Int64
    ) throws(ReleaseError) {
        let asked = name.hasSuffix("/") ? String(name.dropLast()) : name
        guard asked == suite || asked == codename else {
            throw ReleaseError(source, .wrongSuite(asked: asked, suite: suite, codename: codename))
        }
        if date > now + 10 { throw ReleaseError(source, .notYetValid(secondsAhead: date - now)) }
        if let validUntil, validUntil < now { throw ReleaseError(source, .expired(secondsAgo: now - validUntil)) }
        for component in wanted where !components.contains(where: { $0 == component || $0.hasSuffix("/" + component) })
        {
            throw ReleaseError(source, .missingComponent(component, available: components))
        }
        for machine in machines where !architectures.contains(machine) {
            throw ReleaseError(source, .missingArchitecture(machine, available: architectures))
        }
    }

    /// The entry of an index: "main/binary-amd64/Packages.xz".
    package func entry(_ path: String) throws(ReleaseError) -> Entry {
        guard let entry = entries[path] else { throw ReleaseError(source, .missingIndex(path)) }
        return entry
    }

    /// Where the index at `path` is found by digest: "main/binary-amd64/by-hash/SHA256/…". It stays there for a while when
    /// the mirror gets a new one; only with `acquireByHash`.
    package static func byHashPath(of path: String, _ digest: Digest) -> String {
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
        return "\(folder)by-hash/SHA256/\(digest.hex)"
    }

    /// Lines of a digest, a size and a path each.
    private static func entries(
        _ region: ByteRegion, _ range: Range<Int>, _ source: String
    ) throws(ReleaseError) -> [String: Entry] {
        let bytes = region.bytes
        var result: [String: Entry] = [:]
        result.reserveCapacity(range.count / 100)
        var position = range.lowerBound
        while position < range.upperBound {
            let end = bytes.firstIndex(of: 0x0A, from: position, to: range.upperBound) ?? range.upperBound
            let line = bytes.trimmed(position..<end)
            position = end + 1
            if line.isEmpty { continue }
            var rest = line
            func word() -> Range<Int> {
                let start = rest.lowerBound
                var end = start
                while end < rest.upperBound, !bytes[end].isBlank { end += 1 }
                rest = bytes.trimmed(end..<rest.upperBound)
                return start..<end
            }
            let (hex, digits, path) = (word(), word(), word())
            guard rest.isEmpty, !path.isEmpty, let digest = Digest(hex: bytes.slice(hex)),
                let size = number(bytes.slice(digits))
            else {
                throw ReleaseError(source, .malformed("this line names no file: \(region.text(line))"))
            }
            result[region.text(path)] = Entry(digest: digest, size: ByteCount(size))
        }
        return result
    }

    private static func number(_ digits: UnsafeRawBufferPointer) -> Int64? {
        guard !digits.isEmpty, digits.count < 18 else { return nil }
        var value: Int64 = 0
        for digit in digits {
            guard digit.isDigit else { return nil }
            value = value * 10 + Int64(digit - 0x30)
        }
        return value
    }
}
