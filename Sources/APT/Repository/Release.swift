package import Primitives

/// What a Release file says (Debian repository format): which suite it is, and the digests of its indexes.
package struct Release: Sendable {
    /// An index or another file below the suite's folder.
    package struct Entry: Hashable, Sendable {
        /// Nil where the file lists no SHA-256.
        package let digest: Digest?
        /// In lower case hexadecimal digits; nil where there is a `digest`.
        package let sha512: String?
        /// Of the file, in the form that is listed.
        package let size: ByteCount

        /// Whether `bytes` are what is meant.
        package func isOf(_ bytes: [UInt8]) -> Bool {
            guard bytes.count == size.bytes else { return false }
            if let digest { return Digest(of: bytes) == digest }
            return SecureHash.sha512.digits(of: bytes) == sha512
        }
    }

    /// Where it came from, for errors.
    package let source: String
    /// "Debian"; nil, here and below, where it does not say.
    package let origin: String?
    /// "Debian-Security"
    package let label: String?
    /// "stable"
    package let suite: String?
    /// "trixie"
    package let codename: String?
    /// "13.1"
    package let version: String?
    /// Seconds since 1970.
    package let date: Int64
    /// Seconds since 1970; nil where it never expires.
    package let validUntil: Int64?
    /// Whether files are found by digest, too: see `byHashPath`.
    package let acquireByHash: Bool
    /// Whether packages get priority 1 unless a pin says otherwise (apt_preferences(5)).
    package let notAutomatic: Bool
    /// Whether that is 100 instead, so that what is installed is upgraded.
    package let butAutomaticUpgrades: Bool
    /// Empty where it does not say.
    package let components: [String]
    /// Empty where it does not say.
    package let architectures: [String]
    /// Whether indexes for an architecture have the packages for all of them, whatever `architectures` says.
    package let listsAllEverywhere: Bool
    /// By path below the suite's folder: "main/binary-amd64/Packages.xz".
    package let entries: [String: Entry]

    /// Reads `payload`, the verified bytes of a Release file or of the text in an InRelease file.
    ///
    /// - Throws: `ReleaseError` where it is malformed, has no date or neither a SHA256 nor a SHA512 section.
    package init(payload: [UInt8], source: String) throws(ReleaseError) {
        let region = ByteRegion(payload)
        var fields: [String: String] = [:]
        var entries: [String: Entry]?
        var sha512: Range<Int>?
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
                } else if key == "sha512" {
                    sha512 = value
                } else if key != "md5sum", key != "sha1" {
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
        if entries == nil, let sha512 { entries = try Self.entries(region, sha512, source, isSHA512: true) }
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
        // As old tools wrote it.
        architectures = words("architectures") + words("architecture")
        listsAllEverywhere = words("no-support-for-architecture-all").contains("Packages")
    }

    /// Checks that this is what was asked for, and in force at `now`, seconds since 1970.
    ///
    /// `name`, or what stands before its slash ("buster/updates"), must be its suite or codename, where it has one: a field that is
    /// absent proves nothing. That of a flat repository is a folder, and no name. Like apt it lets a date be 10 seconds ahead.
    package func check(suite name: String, now: Int64) throws(ReleaseError) {
        let isNamed = suite != nil || codename != nil
        let names = [name, name.lastIndex(of: "/").map { String(name[..<$0]) } ?? name]
        guard Self.isFlat(name) || !isNamed || names.contains(where: { $0 == suite || $0 == codename }) else {
            throw ReleaseError(source, .wrongSuite(asked: name, suite: suite, codename: codename))
        }
        if date > now + 10 { throw ReleaseError(source, .notYetValid(secondsAhead: date - now)) }
        if let validUntil, validUntil < now { throw ReleaseError(source, .expired(secondsAgo: now - validUntil)) }
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
        _ region: ByteRegion, _ range: Range<Int>, _ source: String, isSHA512: Bool = false
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
            let digest = isSHA512 ? nil : Digest(hex: bytes.slice(hex))
            let sha512 = isSHA512 ? sha512(bytes.slice(hex)) : nil
            guard rest.isEmpty, !path.isEmpty, digest != nil || sha512 != nil, let size = number(bytes.slice(digits))
            else {
                throw ReleaseError(source, .malformed("this line names no file: \(region.text(line))"))
            }
            let name = region.text(path)
            result[name.hasPrefix("./") ? String(name.dropFirst(2)) : name] = Entry(
                digest: digest, sha512: sha512, size: ByteCount(size))
        }
        return result
    }

    private static func sha512(_ hex: UnsafeRawBufferPointer) -> String? {
        let text = String(decoding: hex, as: UTF8.self).lowercased()
        return text.utf8.count == 128 && text.allSatisfy(\.isHexDigit) ? text : nil
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
