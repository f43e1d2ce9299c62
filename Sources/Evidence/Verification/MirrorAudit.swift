import APT
import Archives
import Primitives
import RPM
import Solver

/// Holds the files of a mirror against its indexes, in both directions.
struct MirrorAudit {
    let folder: String
    let image: ImageContent
    let digests: [String: ImageContent.Read]

    /// The paths of all files that an index lists, or that are known to lie beside them.
    var listed: Set<String> = []
    private(set) var packages: [CarriedMirror.Package] = []
    private(set) var findings: [ImageReport.Finding] = []
    private(set) var signed: [(file: String, signature: String)] = []

    /// More than the index of a mirror takes, unpacked.
    private static let limit = ByteCount(2_000_000_000)

    init(folder: String, image: ImageContent, digests: [String: ImageContent.Read]) {
        self.folder = folder
        self.image = image
        self.digests = digests
    }

    /// Notes that `path`, below the mirror, should have `digest`, as `index` says.
    private mutating func hold(_ path: String, to digest: Digest?, by index: String) {
        let place = "\(folder)/\(path)"
        listed.insert(place)
        switch digests[place] {
        case .success(let found)?:
            if found != digest { findings.append(ImageReport.Finding(place, "is not the one that \(index) lists")) }
        // That it can't be read is said of it anyway.
        case .failure?: break
        case nil: findings.append(ImageReport.Finding(place, "is listed in \(index), and is not there"))
        }
    }

    /// Files that nothing lists.
    mutating func findStrangers() {
        for path in digests.keys.sorted() where path.hasPrefix(folder + "/") && !listed.contains(path) {
            findings.append(ImageReport.Finding(path, "lies in the mirror, and no index lists it"))
        }
    }

    /// A mirror in the format of Debian's repositories, of one suite.
    mutating func readAPT(codename: String, architecture: String) throws -> PackageTable {
        let suite = "dists/\(codename)"
        let place = "\(folder)/\(suite)/Release"
        let release = try Release(payload: image.bytes(place), source: place)
        signed.append((place, place + ".gpg"))
        listed.formUnion([place, place + ".gpg"])
        // Mirrors of older images have both.
        if image.has("\(folder)/\(suite)/InRelease") { listed.insert("\(folder)/\(suite)/InRelease") }
        var sources: [(index: PackageIndex, origin: IndexOrigin)] = []
        for (path, entry) in release.entries.sorted(by: { $0.key < $1.key }) {
            hold("\(suite)/\(path)", to: entry.digest, by: place)
            if let digest = entry.digest {
                let named = "\(suite)/\(Release.byHashPath(of: path, digest))"
                if image.has("\(folder)/\(named)") { hold(named, to: digest, by: place) }
            }
            guard path.hasSuffix("/Packages") else { continue }
            let name = "\(folder)/\(suite)/\(path)"
            let index = try PackageIndex(parsing: ByteRegion(try image.bytes(name)), source: name)
            let component = String(path.prefix { $0 != "/" })
            sources.append((index, IndexOrigin(repository: folder, suite: codename, component: component)))
        }
        let foreign = release.architectures.filter { $0 != architecture }
        let table = try PackageTable(sources, architecture: architecture, foreignArchitectures: foreign)
        for number in 0..<table.packageCount {
            let details = try table.details(of: PackageID(number))
            hold(details.filename, to: details.sha256, by: "\(folder)/\(suite)")
            packages.append(
                CarriedMirror.Package(
                    name: details.name, version: "\(details.version)", architecture: details.architecture,
                    digest: details.sha256, path: "\(folder)/\(details.filename)"))
        }
        return table
    }

    /// A repository of rpm-md.
    mutating func readRPM() throws -> RPMTable {
        let place = "\(folder)/repodata/repomd.xml"
        let index = try RepositoryIndex(reading: image.bytes(place), source: place)
        signed.append((place, place + ".asc"))
        listed.formUnion([place, place + ".asc"])
        for file in index.files { hold(file.location, to: file.sha256, by: place) }
        guard let file = index.file("primary") else { throw EvidenceError("\(place) lists no packages") }
        let primary = "\(folder)/\(file.location)"
        var read = try PrimaryIndex(reading: image.bytes(primary), source: primary, openSize: file.openSize)
        var table = try RPMTable([(read, folder)])
        let missing = table.missingFiles
        if !missing.isEmpty, let file = index.file("filelists") {
            let lists = "\(folder)/\(file.location)"
            read.add(
                try FileList(
                    reading: image.bytes(lists), source: lists, openSize: file.openSize, wanted: missing))
            table = try RPMTable([(read, folder)])
        }
        for number in 0..<table.packageCount {
            let details = table.details(of: PackageID(number))
            let digest = details.checksumKind == .sha256 ? Digest(hex: details.checksum) : nil
            hold(details.location, to: digest, by: primary)
            guard let digest else { continue }
            packages.append(
                CarriedMirror.Package(
                    name: details.name, version: details.version.text, architecture: details.architecture,
                    digest: digest, path: "\(folder)/\(details.location)"))
        }
        return table
    }
}
