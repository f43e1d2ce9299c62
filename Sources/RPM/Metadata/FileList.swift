import Primitives

/// Which packages have given files, from filelists.xml: the file is large and is needed only for paths that no primary.xml
/// names; see ``RPMTable/missingFiles``.
package struct FileList: Sendable {
    /// By package digest (`pkgid`): those of the wanted paths that it has, as numbers of `paths`.
    private(set) var found: [String: [Int32]]
    let paths: [String]

    private static let sizeLimit = 16 << 30

    /// Reads a filelists.xml, packed or not, and keeps where `wanted` are. Throws `MetadataError` or `ArchiveError`.
    package init(reading bytes: [UInt8], source: String, openSize: Int? = nil, wanted: [String]) throws {
        var known: Set<String> = []
        paths = wanted.filter { known.insert($0).inserted }
        let handler = FileListHandler(paths)
        try XMLStream.read(bytes, source: source, sizeLimit: openSize ?? Self.sizeLimit, handler)
        found = handler.found
    }

    /// The wanted paths that the package with this digest has.
    func paths(of checksum: String) -> [String] { found[checksum]?.map { paths[Int($0)] } ?? [] }

    /// All that were found.
    package var foundPaths: Set<String> { Set(found.values.joined().map { paths[Int($0)] }) }
}

final class FileListHandler: XMLHandler {
    private(set) var found: [String: [Int32]] = [:]
    private var pool: StringPool
    private var package: String?
    private var declaredCount: Int?
    private var count = 0

    init(_ wanted: [String]) {
        pool = StringPool(capacity: wanted.count)
        // Numbers in the pool are one more than those of the list.
        for path in wanted { _ = pool.intern(path) }
    }

    override func start(_ name: UnsafeRawBufferPointer, _ attributes: XMLAttributes, depth: Int) {
        switch depth {
        case 0:
            guard name.isSame(as: "filelists") else { return fail(.wrongRoot(Self.excerpt(name))) }
            declaredCount = attributes.value("packages").flatMap { $0.decimal.map { Int($0) } }
        case 1 where name.isSame(as: "package"):
            count += 1
            package = attributes.value("pkgid").map { String(decoding: $0, as: UTF8.self) }
            if package == nil { fail(.missing("pkgid")) }
        case 2 where name.isSame(as: "file"): collect()
        default: break
        }
    }

    override func end(_ name: UnsafeRawBufferPointer, depth: Int) {
        guard depth == 2, collectsText else { return }
        collectsText = false
        let number = text.withUnsafeBytes { pool.find($0) }
        if let number, let package { found[package, default: []].append(number - 1) }
    }

    override func finish() {
        guard let declaredCount, declaredCount != count else { return }
        fail(.countDiffers(declared: declaredCount, found: count))
    }
}
