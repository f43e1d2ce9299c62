import Archives
import Darksites
import Primitives
import SystemPackage
import Testing
import Transfer

@testable import Pipeline

/// A repository that has indexes alone, written by hand in one of the many ways in which people write them.
struct UnsignedRepository {
    let folder: FilePath
    let suite: String
    private var base: FilePath { folder.pushing(FilePath(suite)) }

    /// An empty one; `suite` is the folder of its Release file.
    init(at folder: FilePath, suite: String = "dists/stable") throws {
        self.folder = folder
        self.suite = suite
        try Files.createDirectory(folder.pushing(FilePath(suite)))
    }

    /// Lists a package called `name` in Packages of a folder of the suite.
    func add(
        _ name: String, in place: String, filename: String? = nil, architecture: String = "amd64",
        packed: Compression = .none
    ) throws {
        let index = base.pushing(FilePath(place))
        try Files.createDirectory(index)
        let stanza = """
            Package: \(name)
            Version: 1
            Architecture: \(architecture)
            Filename: \(filename ?? "pool/\(name).deb")
            Size: 1
            SHA256: \(Digest(of: Array(name.utf8)).hex)

            """
        try Files.write(
            try packed.compress(Array(stanza.utf8)), to: index.appending("Packages\(packed.suffix)"))
    }

    /// Writes the Release file as the command in our own error has it, with `fields` before what that writes, and digests of `kind`
    /// alone where one is named.
    func release(_ fields: String = "", kind: String? = nil, file: String = "Release") throws {
        try Tool.run([
            "bash", "-euc", "cd \"$1\" && rm -f Release InRelease && apt-ftparchive release . > Release", "-",
            base.string,
        ])
        let written = try Files.readText(base.appending("Release")).split(separator: "\n")
        // Its date is that of the test's machine, unless the fields have another.
        let kept = written.filter { !(fields.contains("Date:") && $0.hasPrefix("Date:")) }
        var text = fields + kept.joined(separator: "\n") + "\n"
        if let kind {
            var isKept = true
            text =
                text.split(separator: "\n").filter { line in
                    if ["MD5Sum:", "SHA1:", "SHA256:", "SHA512:"].contains(line) { isKept = line == "\(kind):" }
                    return isKept
                }.joined(separator: "\n") + "\n"
        }
        try Files.remove(base.appending("Release"))
        if file == "InRelease" {
            text =
                "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n\(text)"
                + "-----BEGIN PGP SIGNATURE-----\n\nAA\n=AA\n-----END PGP SIGNATURE-----\n"
        }
        try Files.write(text.utf8, to: base.appending(file))
    }
}
