import Archives
import Primitives
import RPM
import SystemPackage

/// Writes the metadata of a mirror as the build does, out of another repository's records.
struct RepodataTiming {
    /// The folder with upstream's `repodata/`.
    let folder: FilePath
    let output: FilePath

    /// Writes `repodata/` of all packages of the folder into the other one.
    func run() async throws {
        let place = folder.appending("repodata")
        func index(_ type: String) throws -> [UInt8] {
            guard let name = try Files.list(place).first(where: { $0.contains("-\(type).xml") }) else { return [] }
            return try Compression(fileName: name).decompress(
                file: place.appending(name), limit: ByteCount(2_000_000_000))
        }
        let records = try RepodataRecords(primary: index("primary"), source: "\(folder)")
        let lists = [try FileListRecords(index("filelists"), source: "\(folder)")]
        let packages = try records.stated.map { place in
            try records.package(
                at: place.location, placedAt: "Packages/\(place.location)", size: place.size, digest: place.digest,
                fileLists: lists)
        }
        let files = try await RepodataWriter(epoch: 1_736_761_560, compression: .gzip).files(
            of: packages.compactMap { $0 })
        try Files.createDirectory(output.appending("repodata"))
        for file in files { try Files.write(file.bytes, to: output.pushing(FilePath(file.path))) }
        print("\(packages.count) packages, \(files.map(\.bytes.count).reduce(0, +)) bytes")
    }
}
