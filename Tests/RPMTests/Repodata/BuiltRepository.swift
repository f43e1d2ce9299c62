import Archives
import Primitives
import SystemPackage
import Testing

@testable import RPM

#if canImport(Glibc)
import Glibc
#endif

/// A folder with a repository that rpmbuild and createrepo_c made, and one of ours beside it; removed with this object.
final class BuiltRepository {
    let folder: String
    var upstream: String { folder + "/upstream" }
    var mirror: String { folder + "/mirror" }

    /// Whether the programs are installed.
    static let canBeMade = (try? run("command -v rpmbuild createrepo_c dnf xmllint >/dev/null")) != nil

    /// Packages with every kind of relation, in a spec file of one source; `options` are for createrepo_c.
    init(spec: String = BuiltRepository.spec, options: String = "") throws {
        var template = Array("/tmp/repodata-tests-XXXXXX".utf8CString)
        folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        try Files.write(spec.utf8, to: FilePath("\(folder)/spec"))
        try Self.run(
            """
            cd \(folder) && mkdir upstream && rpmbuild -bb --quiet --target x86_64 --define "_topdir $PWD/top" \
            --define "_rpmdir $PWD/upstream" --define 'debug_package %{nil}' --define '_build_id_links none' \
            --define '_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' spec >log 2>&1 || { cat log; exit 1; }
            createrepo_c --quiet --no-database \(options) upstream
            """)
    }

    deinit { _ = try? Self.run("rm -rf \(folder)") }

    static let spec = """
        Name: made
        Version: 1.0~rc1
        Release: 1^git.el9
        Epoch: 3
        Summary: "Quotes" & <tags> in a summary; é ☃ and 'more'
        License: MIT & more
        Vendor: Made & Co.
        AutoReqProv: no
        Requires: (one >= 1 if two), /usr/share/made/file, three < 2:4.5
        Requires(pre): four
        Provides: made(api) = 2, config(made) = 3:1.0
        Conflicts: (five unless six)
        Obsoletes: old < 2
        Recommends: seven
        Suggests: eight
        Supplements: (nine and ten)
        Enhances: eleven
        %description
        A line with ]]> and & and <b>
          and another.
        %install
        mkdir -p %{buildroot}/usr/share/made %{buildroot}/usr/bin "%{buildroot}/etc/made dir"
        echo x >%{buildroot}/usr/share/made/file
        echo x >'%{buildroot}/usr/share/made/odd & <name>'
        echo x >%{buildroot}/usr/bin/made
        echo x >%{buildroot}/etc/made.conf
        %files
        %dir "/etc/made dir"
        /usr/share/made/file
        "/usr/share/made/odd & <name>"
        /usr/bin/made
        %config /etc/made.conf
        %ghost /var/made-ghost
        %package -n empty
        Version: 2
        Release: 1.el9
        BuildArch: noarch
        Summary: nothing in it
        %description -n empty
        nothing
        %files -n empty
        %package -n twin
        Version: 2
        Release: 1.el9
        Summary: another
        Requires: made = 3:1.0~rc1-1^git.el9
        %description -n twin
        another
        %files -n twin
        %changelog
        * Mon Jan 13 2025 Nobody <nobody@example.org> - 1
        - made

        """

    /// The files below upstream's repodata/ of this kind, unpacked.
    func index(_ name: String, of root: String) throws -> [UInt8] {
        let path = try Self.run("ls \(root)/repodata/*\(name)*").split(separator: "\n").first.map(
            String.init)
        let bytes = try Files.read(FilePath(try #require(path)))
        return try Compression(sniffing: bytes).decompress(bytes, name: "an index", limit: ByteCount(100_000_000))
    }

    /// Every package of upstream as the mirror lists it: all in one folder, called after their digest as far as `path` says.
    func packages(
        withFiles: Bool = true, path: (String) -> String = { "Packages/\($0.prefix(1))/\($0)" }
    ) throws -> [RepodataPackage] {
        let primary = try index("-primary.xml", of: upstream)
        let files = try index("-filelists.xml", of: upstream)
        return try primary.withUnsafeBytes { primary in
            try files.withUnsafeBytes { files in
                let lists = try Self.elements(files).reduce(into: [String: UnsafeRawBufferPointer]()) { lists, range in
                    let element = UnsafeRawBufferPointer(rebasing: files[range])
                    let number = try #require(element.attribute("pkgid", in: 8..<element.count))
                    lists[String(decoding: element[number], as: UTF8.self)] = element
                }
                return try Self.elements(primary).map { range in
                    let element = UnsafeRawBufferPointer(rebasing: primary[range])
                    let record = try PrimaryElement(element)
                    let file = "\(upstream)/\(record.location)"
                    let bytes = try Files.read(FilePath(file))
                    return try RepodataPackage(
                        primary: element, fileList: withFiles ? lists[record.checksum] : nil,
                        path: path(record.location), size: ByteCount(bytes.count), digest: Digest(of: bytes))
                }
            }
        }
    }

    static func elements(_ bytes: UnsafeRawBufferPointer) throws -> [Range<Int>] {
        var elements = try RepodataElements(bytes, source: "upstream")
        var ranges: [Range<Int>] = []
        while let range = try elements.next() { ranges.append(range) }
        return ranges
    }

    /// Lays out the mirror on disk, with the packages where its metadata say.
    func lay(_ files: [RepositoryFile], _ packages: [RepodataPackage]) throws {
        try Self.run("rm -rf \(mirror) && mkdir -p \(mirror)/repodata")
        for file in files { try Files.write(file.bytes, to: FilePath("\(mirror)/\(file.path)")) }
        for package in packages {
            let name = package.path.split(separator: "/").last.map(String.init) ?? ""
            try Self.run("install -D -p \(upstream)/\(name) \(mirror)/\(package.path)")
        }
    }

    @discardableResult
    static func run(_ command: String) throws -> String {
        let (text, status) = try outcome(of: command)
        guard status == 0 else { throw Failed(command: command, output: text) }
        return text
    }

    struct Failed: Error {
        let command: String
        let output: String
    }
}
