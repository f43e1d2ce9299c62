import Archives
import Primitives
import SystemPackage
import Testing

@testable import RPM

/// The metadata of a mirror, judged by createrepo_c, dnf and xmllint.
@Suite(.enabled(if: BuiltRepository.canBeMade)) struct RepodataWriterTests {
    /// The elements `package` of an index, sorted.
    private func elements(_ bytes: [UInt8]) throws -> [String] {
        try bytes.withUnsafeBytes { bytes in
            try BuiltRepository.elements(bytes).map { String(decoding: bytes[$0], as: UTF8.self) }.sorted()
        }
    }

    /// What dnf reads of a repository.
    private func query(_ folder: String, _ format: String, _ made: BuiltRepository) throws -> String {
        try BuiltRepository.run(
            """
            cd \(made.folder) && touch dnf.conf && dnf --config dnf.conf --setopt=reposdir=/dev/null \
            --setopt=cachedir=$PWD/cache --setopt=plugins=0 --setopt=logdir=$PWD --setopt=varsdir=/dev/null \
            --releasever 9 --forcearch x86_64 --installroot $PWD/root --refresh -q --nogpgcheck \
            --repofrompath here,file://\(folder) --repo here repoquery --qf "\(format)" >answer && sort answer
            """)
    }

    @Test(arguments: [Compression.gzip, .zstd])
    func whatCreaterepoFindsInTheSameFilesIsWhatTheMirrorSays(compression: Compression) async throws {
        let made = try BuiltRepository()
        let packages = try made.packages()
        #expect(packages.map(\.name).sorted() == ["empty", "made", "twin"])
        let files = try await RepodataWriter(epoch: 1_736_761_560, compression: compression).files(of: packages)
        #expect(files.count == 3 && files.last?.path == "repodata/repomd.xml")
        try made.lay(files, packages)
        for file in files where file.path.contains(".xml") {
            try Files.write(
                try Compression(sniffing: file.bytes).decompress(
                    file.bytes, name: "an index", limit: ByteCount(100_000_000)),
                to: FilePath("\(made.folder)/plain.xml"))
            try BuiltRepository.run("xmllint --noout \(made.folder)/plain.xml")
        }
        let format =
            "%{name} %{evr} %{arch} %{provides} | %{requires} | %{conflicts} | %{obsoletes} | %{recommends} | %{files}"
        let answer = try query(made.mirror, format, made)
        #expect(try answer == query(made.upstream, format, made))
        #expect(answer.contains("(one >= 1 if two)"))
        #expect(answer.contains("/usr/share/made/odd & <name>"))

        // createrepo_c on the same files in the same places: the same elements, byte for byte.
        let primary = try elements(try made.index("-primary.xml", of: made.mirror))
        let lists = try elements(try made.index("-filelists.xml", of: made.mirror))
        try BuiltRepository.run("rm -r \(made.mirror)/repodata && createrepo_c --quiet --no-database \(made.mirror)")
        #expect(try primary == elements(try made.index("-primary.xml", of: made.mirror)))
        #expect(try lists == elements(try made.index("-filelists.xml", of: made.mirror)))
    }

    @Test func theOrderOfThePackagesDoesNotMatter() async throws {
        let made = try BuiltRepository()
        let packages = try made.packages()
        let writer = RepodataWriter(epoch: 1_736_761_560, compression: .zstd)
        let files = try await writer.files(of: packages)
        let again = try await writer.files(of: packages.reversed() + packages)
        #expect(files == again)
        let later = try await RepodataWriter(epoch: 1_736_761_561, compression: .zstd).files(of: packages)
        #expect(files != later)
        let repomd = String(decoding: try #require(files.last).bytes, as: UTF8.self)
        #expect(
            repomd.contains("<revision>1736761560</revision>") && repomd.contains("<timestamp>1736761560</timestamp>"))
        for file in files.dropLast() {
            #expect(repomd.contains("<location href=\"\(file.path)\"/>") && repomd.contains(">\(file.digest.hex)<"))
            #expect(repomd.contains("<size>\(file.bytes.count)</size>"))
        }
    }

    @Test func anOlderDigestOfUpstreamsBecomesTheFilesOwn() async throws {
        let made = try BuiltRepository(options: "--checksum sha")
        #expect(try made.index("-primary.xml", of: made.upstream).utf8Text.contains("<checksum type=\"sha\""))
        let packages = try made.packages()
        try made.lay(try await RepodataWriter(epoch: 1_736_761_560, compression: .gzip).files(of: packages), packages)
        #expect(try !made.index("-primary.xml", of: made.mirror).utf8Text.contains("type=\"sha\""))
        let ours = try elements(try made.index("-filelists.xml", of: made.mirror))
        try BuiltRepository.run("rm -r \(made.mirror)/repodata && createrepo_c --quiet --no-database \(made.mirror)")
        #expect(try ours == elements(try made.index("-filelists.xml", of: made.mirror)))
    }

    @Test func aBaseThatLeadsElsewhereIsLeftOut() async throws {
        let made = try BuiltRepository(options: "--baseurl http://elsewhere.example.org/")
        #expect(try made.index("-primary.xml", of: made.upstream).utf8Text.contains("xml:base="))
        let packages = try made.packages()
        try made.lay(try await RepodataWriter(epoch: 1_736_761_560, compression: .gzip).files(of: packages), packages)
        #expect(try !made.index("-primary.xml", of: made.mirror).utf8Text.contains("elsewhere"))
        #expect(try query(made.mirror, "%{location}", made).contains("Packages/e/empty-2-1.el9.noarch.rpm"))
    }

    @Test func withoutListsOfFilesThereIsNoIndexOfThem() async throws {
        let made = try BuiltRepository()
        let writer = RepodataWriter(epoch: 1_736_761_560, compression: .gzip)
        let files = try await writer.files(of: try made.packages(withFiles: false))
        #expect(files.count == 2 && files.last?.bytes.utf8Text.contains("filelists") == false)
        await #expect(throws: RepodataError("made 3:1.0~rc1-1^git.el9 x86_64", .noFileList)) {
            _ = try await writer.files(
                of: try made.packages().filter { $0.name == "twin" }
                    + made.packages(withFiles: false).filter { $0.name == "made" })
        }
    }

    @Test func aRecordThatContradictsTheFileIsRefused() throws {
        let made = try BuiltRepository()
        #expect(throws: RepodataError("empty 3:2-1.el9 noarch", .path("../x"))) { try made.packages { _ in "../x" } }
        let primary = try made.index("-primary.xml", of: made.upstream)
        try primary.withUnsafeBytes { bytes in
            let range = try #require(try BuiltRepository.elements(bytes).first)
            let element = UnsafeRawBufferPointer(rebasing: bytes[range])
            let record = try PrimaryElement(element)
            let size = try #require(Int64(record.size))
            func package(_ size: Int64, _ digest: Digest) throws -> RepodataPackage {
                try RepodataPackage(
                    primary: element, fileList: nil, path: "x.rpm", size: ByteCount(size), digest: digest)
            }
            let digest = try #require(Digest(hex: record.checksum))
            #expect(try package(size, digest).digest == digest)
            #expect(throws: RepodataError.self) { try package(size + 1, digest) }
            #expect(throws: RepodataError.self) { try package(size, Digest(of: [1])) }
        }
    }

    @Test func twoPackagesOfOneNameMustBeTheSame() async throws {
        let made = try BuiltRepository()
        let packages = try made.packages() + made.packages { "other/\($0)" }
        await #expect(throws: RepodataError("empty 3:2-1.el9 noarch", .twice)) {
            _ = try await RepodataWriter(epoch: 1_736_761_560, compression: .gzip).files(of: packages)
        }
    }
}

extension [UInt8] {
    var utf8Text: String { String(decoding: self, as: UTF8.self) }
}
