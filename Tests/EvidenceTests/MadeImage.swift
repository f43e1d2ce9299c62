import APT
import Archives
import Evidence
import Glibc
import Locking
import Packages
import Primitives
import SystemPackage
import Testing

/// A small image, laid out and signed as ours are, with files beside it; xorriso writes it.
final class MadeImage {
    let folder: FilePath
    let signer: SigningKey
    let name: String
    /// What lies on it, by path.
    private(set) var files: [String: [UInt8]] = [:]

    /// The files whose bytes depend on the key.
    private static let keyed = [
        "darksite/debian/apt/dists/trixie/Release.gpg", "darksite/debian/apt/certificate.txt.asc", EvidenceFile.key,
        EvidenceFile.digests + ".asc",
        EvidenceFile.provenance,
    ]
    private static let epoch: Int64 = 1_700_000_000

    var iso: FilePath { folder.appending("\(name).iso") }

    /// `payload` is what tells it from another one, `liveProfile` what its live system is locked as; `change` does to the mirror and
    /// the profiles what is to be found.
    init(
        name: String = "one", payload: String = "one", key: FilePath? = nil, liveProfile: String = "live",
        change: (inout [String: [UInt8]]) -> Void = { _ in }
    ) async throws {
        var template = Array("/tmp/evidence-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        folder = FilePath(platformString: template)
        self.name = name
        signer = try await SigningKey(home: key ?? folder.appending("key"))
        try Files.write(signer.armoredPublicKey, to: folder.appending("key.asc"))
        try await lay(payload, liveProfile, change)
        try write()
        try await writeBeside()
    }

    deinit { try? Files.remove(folder) }

    // MARK: What lies on it

    struct Made {
        let name: String
        let fields: String
        let bytes: [UInt8]
        var digest: Digest { Digest(of: bytes) }
        var path: String { "pool/main/\(name)_1.0_amd64.deb" }
    }

    static let packages = [
        Made(name: "foo", fields: "Depends: libfoo (>= 1.0)\n", bytes: Array(repeating: 7, count: 3000)),
        Made(name: "libfoo", fields: "", bytes: Array(repeating: 8, count: 5000)),
    ]
    /// Of the live system alone.
    static let live = Made(name: "bar", fields: "", bytes: Array(repeating: 9, count: 10))

    static func locked(_ made: Made, _ profiles: [String]) -> LockedPackage {
        LockedPackage(
            name: made.name, version: "1.0", architecture: "amd64", profiles: profiles, isEssential: false,
            size: ByteCount(made.bytes.count), repository: "debian", path: made.path, digest: made.digest)
    }

    private func lay(_ payload: String, _ liveProfile: String, _ change: (inout [String: [UInt8]]) -> Void) async throws
    {
        let mirror = "darksite/debian/apt"
        let suite = MirrorSuite(
            name: "trixie", origin: "kldload", label: "kldload debian", architectures: ["amd64"],
            components: [
                MirrorSuite.Component(
                    name: "main",
                    packages: try Self.packages.map { made in
                        let paragraph =
                            "Package: \(made.name)\nVersion: 1.0\nArchitecture: amd64\n\(made.fields)Description: d\n"
                        return try MirrorPackage(
                            controlParagraph: Array(paragraph.utf8), path: made.path,
                            size: ByteCount(made.bytes.count), digest: made.digest)
                    })
            ])
        for file in try await MirrorWriter(epoch: Self.epoch).files(of: suite) {
            files["\(mirror)/\(file.path)"] = file.bytes
        }
        for made in Self.packages { files["\(mirror)/\(made.path)"] = made.bytes }
        files["\(mirror)/certificate.txt"] = Array("proven\n".utf8)
        files["darksite/debian/distribution"] = Array(
            "FAMILY=apt\nPROFILES=core\nRELEASE=13\nCODENAME=trixie\nARCHITECTURE=amd64\n".utf8)
        files["darksite/debian/profiles/core"] = Array("foo 1.0 amd64\nlibfoo 1.0 amd64\n".utf8)
        files["live/10-system.squashfs"] = Array("system \(payload)".utf8) + Array(repeating: 1, count: 70_000)
        files["live/empty"] = []
        let lock = Lock([
            LockedDistribution(
                name: "debian", family: .apt, architecture: "amd64", asked: nil,
                snapshots: [
                    LockedSnapshot(
                        repository: "debian", suite: "trixie", date: LockDate(secondsSince1970: Self.epoch),
                        digest: Digest(of: payload.utf8), size: ByteCount(3))
                ], indexes: [],
                packages: Self.packages.map { Self.locked($0, ["core"]) } + [Self.locked(Self.live, [liveProfile])])
        ])
        let text = try LockWriter.text(of: lock)
        files[EvidenceFile.lock] = text
        let bill = BillOfMaterials(
            name: name, date: LockDate(secondsSince1970: Self.epoch), toolVersion: "test",
            packages: (Self.packages + [Self.live]).map { made in
                BillOfMaterials.Package(
                    distribution: "debian", family: .apt, release: "trixie", name: made.name, version: "1.0",
                    architecture: "amd64", digest: made.digest, size: ByteCount(made.bytes.count), file: "debian x",
                    facts: PackageFacts(), profiles: ["core"], origins: [])
            })
        files[EvidenceFile.spdx] = bill.spdx
        files[EvidenceFile.cycloneDX] = bill.cycloneDX
        change(&files)
        files["\(mirror)/dists/trixie/Release.gpg"] = try await sign("\(mirror)/dists/trixie/Release")
        files["\(mirror)/certificate.txt.asc"] = try await sign("\(mirror)/certificate.txt")
        files[EvidenceFile.key] = signer.armoredPublicKey
        files[EvidenceFile.digests] = list(files.keys.filter { !Self.keyed.contains($0) })
        files[EvidenceFile.digests + ".asc"] = try await sign(EvidenceFile.digests)
        provenance = Provenance(
            parameters: [("edition", ["free"])], sources: [Resource("deploy.yaml", Digest(of: [1]))], lock: lock,
            lockDigest: Digest(of: text), toolVersion: "test", fingerprint: signer.fingerprint)
        files[EvidenceFile.provenance] = try await envelope([
            Resource(EvidenceFile.digests, Digest(of: files[EvidenceFile.digests] ?? []))
        ])
        files[EvidenceFile.signatures] = list(files.keys.filter(Self.keyed.contains))
        files[EvidenceFile.signatures + ".asc"] = try await sign(EvidenceFile.signatures)
        files["boot/grub/grub.cfg"] = Array("menu\n".utf8)
        files["EFI/BOOT/BOOTX64.EFI"] = Array(repeating: 3, count: 9000)
        files["kldload/medium"] = Array("0123\n".utf8)
    }

    private var provenance: Provenance?

    private func envelope(_ subjects: [Resource]) async throws -> [UInt8] {
        let statement = try #require(provenance).statement(of: subjects).bytes
        let armored = try await signer.detachSign(Envelope.signedBytes(statement), epoch: Self.epoch)
        let signature = Envelope.Signature(
            keyID: signer.fingerprint, bytes: try #require(ArmoredKey.signature(armored)))
        return Envelope(payload: statement, signatures: [signature]).line
    }

    private func sign(_ path: String) async throws -> [UInt8] {
        try await signer.detachSign(files[path] ?? [], epoch: Self.epoch)
    }

    private func list(_ paths: some Sequence<String>) -> [UInt8] {
        Array(paths.sorted().map { "\(Digest(of: files[$0] ?? []).hex)  \($0)\n" }.joined().utf8)
    }

    // MARK: As files

    private func write() throws {
        let tree = folder.appending("tree")
        for (path, bytes) in files {
            let place = tree.pushing(FilePath(path))
            try Files.createDirectory(place.removingLastComponent())
            try Files.write(bytes, to: place)
        }
        let command =
            "xorriso -as mkisofs -quiet -rational-rock -iso-level 3 -full-iso9660-filenames -V MADE -o \(iso) \(tree)"
        try #require(system("\(command) >\(folder)/xorriso.log 2>&1") == 0)
    }

    private func writeBeside() async throws {
        let digest = try Files.digest(iso).digest
        let checksum = Array("\(digest.hex)  \(name).iso\n".utf8)
        try Files.write(checksum, to: folder.appending("\(name).iso.sha256"))
        try Files.write(
            try await signer.detachSign(checksum, epoch: Self.epoch), to: folder.appending("\(name).iso.sha256.asc"))
        try Files.write(files[EvidenceFile.spdx] ?? [], to: folder.appending("\(name).spdx.json"))
        try Files.write(files[EvidenceFile.cycloneDX] ?? [], to: folder.appending("\(name).cdx.json"))
        try Files.write(
            try await envelope(try ImageSubjects.all(of: iso, called: "\(name).iso", digest: digest)),
            to: folder.appending("\(name).intoto.jsonl"))
    }

    // MARK: What is done to it

    /// The report on the image, or on another file.
    func report(_ path: FilePath? = nil, key: FilePath? = nil) async throws -> ImageReport {
        try await ImageVerification(of: path ?? iso, shownAs: "made", key: key).report()
    }

    /// All that is found, as `file what`.
    func findings(_ path: FilePath? = nil, key: FilePath? = nil) async throws -> [String] {
        try await report(path, key: key).checks.flatMap(\.findings).map { "\($0.file ?? "-") \($0.what)" }
    }

    /// Changes a byte of the image while `body` runs.
    func withByte<Result>(at place: Int64, changedBy change: UInt8 = 1, _ body: () async throws -> Result) async throws
        -> Result
    {
        let file = try FileDescriptor.open(iso, .readWrite)
        defer { try? file.close() }
        var byte: [UInt8] = [0]
        _ = try byte.withUnsafeMutableBytes { try file.read(fromAbsoluteOffset: place, into: $0) }
        try file.writeAll(toAbsoluteOffset: place, [byte[0] ^ change])
        do {
            let result = try await body()
            try file.writeAll(toAbsoluteOffset: place, byte)
            return result
        } catch {
            try file.writeAll(toAbsoluteOffset: place, byte)
            throw error
        }
    }

    /// A copy of the image with files at places on it, as `deploy seed --into` makes one.
    func copy(adding files: [String: String]) throws -> FilePath {
        let (added, copy) = (folder.appending("added"), folder.appending("copy.iso"))
        for (path, text) in files {
            let place = added.pushing(FilePath(path))
            try Files.createDirectory(place.removingLastComponent())
            try Files.write(text.utf8, to: place)
        }
        try #require(
            system(
                "rm -f \(copy) && xorriso -indev \(iso) -outdev \(copy) -map \(added) / -commit >\(folder)/xorriso.log 2>&1"
            ) == 0)
        return copy
    }

    /// Removes what lies beside the image.
    func removeBeside() throws {
        for ending in [".iso.sha256", ".iso.sha256.asc", ".spdx.json", ".cdx.json", ".intoto.jsonl"] {
            try Files.remove(folder.appending(name + ending))
        }
    }
}
