import APT
import Archives
import Primitives
import RPM
package import SystemPackage

/// What a package file says of itself that no lock and no index needs, and a bill of materials does.
package struct PackageFacts: Hashable, Sendable {
    /// The source package that it was built from; nil, here and below, where it does not say.
    package var source: String?
    /// The version of the source package, where it is said, or that of the package itself.
    package var sourceVersion: String?
    /// Who maintains it, or sells it: "Matthias Klose <doko@debian.org>", "Fedora Project".
    package var supplier: String?
    /// An address of the web.
    package var homepage: String?
    /// What it says of its licence.
    package var licence: Licence?

    package init() {}

    /// What a Debian package says: in its control paragraph, and in the file `copyright` among its documents.
    ///
    /// - Throws: `ArchiveError`.
    package init(deb path: FilePath) throws {
        let file = try DebFile(path)
        var fields: [Substring: String] = [:]
        for line in String(decoding: try file.controlParagraph(), as: UTF8.self).split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":"), line.first != " " else { continue }
            fields[line[..<colon]] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        let name = fields["Package"] ?? ""
        let source = SourceVersion.parts(of: fields["Source"] ?? name)
        self.source = source.name
        sourceVersion = source.version ?? fields["Version"]
        supplier = fields["Maintainer"]
        homepage = fields["Homepage"]
        licence = try Self.copyright(of: name, in: file).flatMap { Licence(copyright: $0) }
    }

    /// That the archive need not be read any further.
    private struct Found: Error { let bytes: [UInt8]? }

    /// More than a licence is.
    private static let limit: Int64 = 8 << 20

    private static func copyright(of name: String, in file: borrowing DebFile) throws -> [UInt8]? {
        let place = "usr/share/doc/\(name)/copyright"
        do {
            try file.forEachEntry { entry, content in
                let path = entry.displayPath
                guard path == "./" + place || path == place else { return }
                guard case .file(let size) = entry.kind, size <= limit else { throw Found(bytes: nil) }
                var bytes = [UInt8](repeating: 0, count: Int(size))
                let count = try bytes.withUnsafeMutableBytes { try content.read(into: $0) }
                throw Found(bytes: Array(bytes.prefix(count)))
            }
        } catch let found as Found {
            return found.bytes
        }
        return nil
    }

    /// What an RPM package says in its header.
    ///
    /// - Throws: `PackageFileError`, `FileError`.
    package init(rpm path: FilePath) throws {
        let header = try PackageHeader(reading: Files.read(path), source: path.lastComponent?.string ?? "")
        // "bash-5.1.8-9.el9.src.rpm"
        let parts = (header.sourcePackage ?? "").split(separator: "-", omittingEmptySubsequences: false)
        if parts.count > 2 {
            source = parts.dropLast(2).joined(separator: "-")
            let suffix = parts.suffix(2).joined(separator: "-")
            sourceVersion = suffix.hasSuffix(".src.rpm") ? String(suffix.dropLast(".src.rpm".count)) : suffix
        }
        supplier = header.vendor
        homepage = header.homepage
        licence = header.licence.flatMap { Licence(rpm: $0) }
    }

    // MARK: As they are kept

    /// All of it as a line of JSON.
    package var kept: [UInt8] {
        let references = licence.map { licence in
            JSON.object(licence.references.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
        }
        return JSON.object(
            [
                ("source", source), ("version", sourceVersion), ("supplier", supplier), ("homepage", homepage),
                ("licence", licence?.expression),
            ].compactMap { name, value in value.map { (name, JSON.string($0)) } }
                + (references.map { [("references", $0)] } ?? [])
        ).bytes
    }

    /// Nil where `kept` is nothing of that kind.
    package init?(kept bytes: [UInt8]) {
        guard let json = JSON(parsing: bytes) else { return nil }
        source = json["source"]?.string
        sourceVersion = json["version"]?.string
        supplier = json["supplier"]?.string
        homepage = json["homepage"]?.string
        guard let expression = json["licence"]?.string else { return }
        var references: [String: String] = [:]
        if case .object(let fields)? = json["references"] {
            for (name, value) in fields { references[name] = value.string }
        }
        licence = Licence(expression: expression, references: references)
    }
}
