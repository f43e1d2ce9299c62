import APT
import Glibc
import Primitives
import SystemPackage
import Testing

/// A repository of RPM packages that has metadata alone, written by hand; gone with this object.
final class MadeRPMRepository {
    struct Package {
        let name: String
        var version = "1"
        var requires: [String] = []
        /// Files that filelists.xml alone knows.
        var files: [String] = []

        var checksum: String { Digest(of: Array("\(name) \(version)".utf8)).hex }
    }

    /// A way to write repomd.xml.
    struct Form {
        var kind = "sha256"
        /// Beside the real digest and size of the primary index, what repomd.xml says of them.
        var lie: (digest: String?, size: Int?)
        var location = "repodata/primary.xml"
        var hasSizes = true

        init() { lie = (nil, nil) }
    }

    let folder: FilePath

    /// An empty folder, or a copy of `other`: a mirror that stays as that is now.
    init(copying other: MadeRPMRepository? = nil) throws {
        var template = Array("/tmp/made-rpms-XXXXXX".utf8CString)
        let name = try #require(mkdtemp(&template).map { String(cString: $0) })
        folder = FilePath(name)
        if let other { try Tool.run(["cp", "-a", "\(other.folder)/.", name]) }
    }

    deinit { try? Files.remove(folder) }

    var url: String { "file://\(folder)" }
    private var metadata: FilePath { folder.appending("repodata") }

    /// Writes the metadata of `packages` as of `time`, in seconds since 1970; signed where there is a key.
    func write(
        _ packages: [Package], time: Int64 = 1_767_000_000, signer: SigningKey? = nil, form: Form = Form()
    ) async throws {
        try Files.createDirectory(metadata)
        var files: [String] = []
        for (type, file, text) in [
            ("primary", "primary.xml", primary(packages)), ("filelists", "filelists.xml", fileLists(packages)),
            ("group", "comps.xml", Self.comps), ("modules", "modules.yaml", Self.modules),
        ] {
            let bytes = Array(text.utf8)
            let isPrimary = type == "primary"
            try Files.write(bytes, to: metadata.appending(file))
            let digest = Self.digest(form.kind, bytes)
            let size = form.hasSizes ? "<size>\(isPrimary ? form.lie.size ?? bytes.count : bytes.count)</size>" : ""
            files.append(
                """
                <data type="\(type)"><checksum type="\(form.kind)">\(isPrimary ? form.lie.digest ?? digest : digest)</checksum>
                <location href="\(isPrimary ? form.location : "repodata/\(file)")"/>\(size)<timestamp>\(time)</timestamp></data>
                """)
        }
        let text = """
            <?xml version="1.0"?><repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>\(time)</revision>
            \(files.joined(separator: "\n"))
            </repomd>
            """
        try Files.write(text.utf8, to: metadata.appending("repomd.xml"))
        let signature = metadata.appending("repomd.xml.asc")
        if Files.exists(signature) { try Files.remove(signature) }
        if let signer { try Files.write(try await signer.detachSign(Array(text.utf8), epoch: time), to: signature) }
    }

    private static func digest(_ kind: String, _ bytes: [UInt8]) -> String {
        switch kind {
        case "sha512": SecureHash.sha512.digits(of: bytes)
        case "sha384": SecureHash.sha384.digits(of: bytes)
        case "sha1": String(SecureHash.sha256.digits(of: bytes).prefix(40))
        default: SecureHash.sha256.digits(of: bytes)
        }
    }

    /// A metalink in a file beside, whose states are those of `repositories` as they are now, the newest first.
    func metalink(of repositories: [MadeRPMRepository], mirrors: [MadeRPMRepository], kind: String = "sha256") throws
        -> String
    {
        let states = try repositories.enumerated().map { number, repository in
            let bytes = try Files.read(repository.metadata.appending("repomd.xml"))
            let state = """
                <size>\(bytes.count)</size><verification><hash type="\(kind)">\(Self.digest(kind, bytes))</hash></verification>
                """
            return number == 0 ? state : "<mm0:alternates><mm0:alternate>\(state)</mm0:alternate></mm0:alternates>"
        }
        let addresses = mirrors.enumerated().map { number, mirror in
            "<url protocol=\"file\" preference=\"\(100 - number)\">\(mirror.url)/repodata/repomd.xml</url>"
        }
        let text = """
            <?xml version="1.0"?><metalink version="3.0" xmlns="http://www.metalinker.org/"
            xmlns:mm0="http://fedorahosted.org/mirrormanager"><files><file name="repomd.xml">\(states.joined())
            <resources>\(addresses.joined())</resources></file></files></metalink>
            """
        try Files.write(text.utf8, to: folder.appending("metalink"))
        return "\(url)/metalink"
    }

    private func primary(_ packages: [Package]) -> String {
        let elements = packages.map { package in
            let requires = package.requires.map { "<rpm:entry name=\"\($0)\"/>" }.joined()
            return """
                <package type="rpm"><name>\(package.name)</name><arch>noarch</arch>
                <version epoch="0" ver="\(package.version)" rel="1"/>
                <checksum type="sha256" pkgid="YES">\(package.checksum)</checksum><summary>made</summary>
                <description>made</description><packager/><url/><time file="1" build="1"/>
                <size package="10" installed="20" archive="30"/>
                <location href="Packages/\(package.name)-\(package.version)-1.noarch.rpm"/>
                <format><rpm:license>none</rpm:license><rpm:header-range start="1" end="2"/>
                <rpm:provides><rpm:entry name="\(package.name)" flags="EQ" epoch="0" ver="\(package.version)" rel="1"/></rpm:provides>
                <rpm:requires>\(requires)</rpm:requires></format></package>
                """
        }
        return """
            <?xml version="1.0"?><metadata xmlns="http://linux.duke.edu/metadata/common"
            xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="\(packages.count)">\(elements.joined())</metadata>
            """
    }

    private func fileLists(_ packages: [Package]) -> String {
        let elements = packages.map { package in
            """
            <package pkgid="\(package.checksum)" name="\(package.name)" arch="noarch">
            <version epoch="0" ver="\(package.version)" rel="1"/>\(package.files.map { "<file>\($0)</file>" }.joined())</package>
            """
        }
        return """
            <?xml version="1.0"?><filelists xmlns="http://linux.duke.edu/metadata/filelists"
            packages="\(packages.count)">\(elements.joined())</filelists>
            """
    }

    private static let comps = """
        <?xml version="1.0"?><comps><group><id>tools</id><name>Tools</name><default>true</default>
        <packagelist><packagereq type="mandatory">app</packagereq>
        <packagereq type="conditional" requires="lib">extra</packagereq></packagelist></group>
        <environment><id>all</id><name>All</name><display_order>3</display_order><grouplist><groupid>tools</groupid></grouplist>
        <optionlist><groupid default="true">more</groupid></optionlist></environment></comps>
        """

    private static let modules = """
        ---
        document: modulemd-defaults
        version: 1
        data:
          module: nodejs
          stream: "18"
          profiles:
            "18": [common]
        ...

        """
}
