import Primitives
package import Solver

/// What is known of one package.
extension PackageTable {
    /// "htop", without an architecture.
    package func name(of package: PackageID) -> String { names.text(entries[Int(package.index)].name) }

    /// As the index spells it: "3.4.1-5".
    package func version(of package: PackageID) -> DebianVersion {
        DebianVersion(unchecked: versionBytes(package.index))
    }

    /// "amd64" or "all"
    package func architecture(of package: PackageID) -> String {
        String(decoding: bytes(package.index).slice(record(package.index).architecture), as: UTF8.self)
    }

    /// Of the field Priority, which decides among providers; pins are not asked.
    package func priority(of package: PackageID) -> PackagePriority { record(package.index).priority }
    /// Of the field Multi-Arch.
    package func multiArch(of package: PackageID) -> MultiArch { record(package.index).multiArch }
    /// Whether it has the field Essential with the value yes.
    package func isEssential(_ package: PackageID) -> Bool { record(package.index).isEssential }

    /// The package's stanza as the archive published it, the newline of its last line included if there is one.
    ///
    /// The bytes live as long as this table.
    package func stanza(of package: PackageID) -> UnsafeRawBufferPointer {
        let record = record(package.index)
        return bytes(package.index).slice(Int(record.start)..<Int(record.end))
    }

    /// A copy of the package's stanza.
    package func stanzaBytes(of package: PackageID) -> [UInt8] { Array(stanza(of: package)) }

    /// Where the package comes from: the first source that has it, then the others.
    package func origins(of package: PackageID) -> [IndexOrigin] {
        originNumbers(of: package.index).map { sources[$0].origin }
    }

    func originNumbers(of package: Int32) -> [Int] {
        var numbers = [Int(entries[Int(package)].source)]
        forEachOtherSource(of: package) { numbers.append($0) }
        return numbers
    }

    /// Calls `body` with the numbers of the sources of a package beyond the first.
    @inline(__always)
    func forEachOtherSource(of package: Int32, _ body: (Int) -> Void) {
        let others = image.otherSources
        var (low, high) = (0, others.count)
        while low < high {
            let middle = (low + high) / 2
            if others[middle].package < package { low = middle + 1 } else { high = middle }
        }
        while low < others.count, others[low].package == package {
            body(Int(others[low].source))
            low += 1
        }
    }

    /// The value of the field called `name` (in any case) in the package's stanza, or nil.
    package func field(_ name: String, of package: PackageID) -> String? {
        let region = source(package.index).text
        let wanted = name.lowercased()
        var found: Range<Int>?
        forEachField(of: package.index) { field, value in
            if field.count == wanted.utf8.count, region.text(field).lowercased() == wanted { found = value }
        }
        return found.map(region.text)
    }

    /// Calls `body` with the places of the name and the value of each field, in the bytes of the package's index.
    func forEachField(of package: Int32, _ body: (Range<Int>, Range<Int>) -> Void) {
        let record = record(package)
        let region = UnsafeRawBufferPointer(rebasing: bytes(package)[..<Int(record.end)])
        var scanner = Deb822Scanner(at: Int(record.start), lenient: true)
        // The stanza was read without error before.
        while case .field(let name, let value)? = try? scanner.next(in: region) { body(name, value) }
    }

    /// What the mirror and the lock need. Throws where Filename, Size or SHA256 is missing or means nothing, and where Filename leads
    /// out of the archive.
    package func details(of package: PackageID) throws(PackageIndexError) -> PackageDetails {
        let bytes = bytes(package.index)
        let index = source(package.index)
        var filename, size, sha256, sha512, installed, source, section, description: Range<Int>?
        forEachField(of: package.index) { name, value in
            switch (name.count, bytes[name.lowerBound] | 0x20) {
            case (8, 0x66) where bytes.equals(name, ignoringCase: "filename"): filename = value
            case (4, 0x73) where bytes.equals(name, ignoringCase: "size"): size = value
            case (6, 0x73) where bytes.equals(name, ignoringCase: "sha256"): sha256 = value
            case (6, 0x73) where bytes.equals(name, ignoringCase: "sha512"): sha512 = value
            case (14, 0x69) where bytes.equals(name, ignoringCase: "installed-size"): installed = value
            case (6, 0x73) where bytes.equals(name, ignoringCase: "source"): source = value
            case (7, 0x73) where bytes.equals(name, ignoringCase: "section"): section = value
            case (11, 0x64) where bytes.equals(name, ignoringCase: "description"): description = value
            default: break
            }
        }
        let packageName = name(of: package)
        func fail(_ field: String, _ value: Range<Int>?) -> PackageIndexError {
            let problem: PackageIndexError.Problem =
                value.map { .badValue(index.text.text($0.lowerBound..<min($0.upperBound, $0.lowerBound + 60))) }
                ?? .missing
            return PackageIndexError(source: index.name, package: packageName, field: field, problem: problem)
        }
        guard let filename, let path = PackageTable.path(index.text.text(filename)) else {
            throw fail("Filename", filename)
        }
        guard let size, let byteCount = Int64(index.text.text(size)), byteCount >= 0 else { throw fail("Size", size) }
        if sha256 == nil, sha512 != nil {
            throw PackageIndexError(source: index.name, package: packageName, field: "SHA256", problem: .onlySHA512)
        }
        guard let sha256, let digest = Digest(hex: bytes.slice(sha256)) else { throw fail("SHA256", sha256) }
        let version = version(of: package)
        let sourceWords = source.map { index.text.text($0).split { " ()".contains($0) }.map(String.init) } ?? []
        let kilobytes = installed.flatMap { Int64(index.text.text($0)) }.flatMap { $0 >= 0 && $0 < 1 << 50 ? $0 : nil }
        return PackageDetails(
            name: packageName, version: version, architecture: architecture(of: package),
            filename: path, size: ByteCount(byteCount), sha256: digest,
            installedSize: kilobytes.map { ByteCount($0 * 1024) },
            source: sourceWords.first ?? packageName,
            sourceVersion: sourceWords.count > 1 ? DebianVersion(unchecked: sourceWords[1].utf8) : version,
            section: section.map(index.text.text) ?? "", priority: record(package.index).priority,
            summary: description.map { String(index.text.text($0).prefix { $0 != "\n" }) } ?? "")
    }

    /// The source package of `package`, without its version.
    func sourceName(of package: Int32) -> String {
        let text = field("Source", of: PackageID(package)) ?? name(of: PackageID(package))
        return String(text.prefix { $0 != " " && $0 != "(" })
    }

    /// The path below the archive's root that `text` means, as apt joins it to the archive's address: "./pool/x", "/pool/x" and
    /// "pool//x" are all "pool/x". Nil where it leads out of the archive.
    private static func path(_ text: String) -> String? {
        var parts: [Substring] = []
        for part in text.split(separator: "/") where part != "." {
            if part == ".." {
                guard parts.popLast() != nil else { return nil }
            } else {
                parts.append(part)
            }
        }
        return parts.isEmpty || text.hasSuffix("/") ? nil : parts.joined(separator: "/")
    }
}
