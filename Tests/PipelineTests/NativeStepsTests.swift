import APT
import Archives
import BuildGraph
import ContentStore
import Darksites
import Evidence
import FoundationEssentials
import Glibc
import LiveImage
import Locking
import MadeDeclaration
import Packages
import Primitives
import SystemPackage
import Testing
import Transfer

@testable import Pipeline

/// What native steps make of the same inputs is the same for ever, unless their version is another one: a store that has their results
/// would hand out old ones. Signatures, which no two keys make alike, are left out.
@Suite final class NativeStepsTests {
    /// By identifier and version, a digest of what the step makes of the inputs below. Where a step is changed on purpose, its version
    /// is raised, and the digest that the failing test shows is written down beside the new one.
    static let golden = [
        "apt mirror 5": "62f01c3c6db262b2bbf4354f8cfadbd5834ca8bae97a64573ec02768903489bd",
        "mirror signature 1": "62f01c3c6db262b2bbf4354f8cfadbd5834ca8bae97a64573ec02768903489bd",
        "signatures of the image 1": "fd9bde597d05c9ca4988b70c613101ed6a62994e70851ce715ea805ffe3ff49d",
        "system split 3": "f1d27d81a7cdfcf57051a732519b421563cf35345ce8869603adde86eca4a1c0",
        "bills of materials 2": "3a580a2b58942b3b64fa55612bf94bdde0063b71663fc018d12e9183562847e4",
        "provenance 1": "65e84d8fa9ca0f1387423ee1ca392d06ca55f795a4e728c02bbe428b045d5fe1",
        "darksite 2": "e5185e7eed2c747da9e0b02ee2e9678b5b6499e1378fe356f4b7b904f3b424ba",
        "delta closure 1": "4d987fe70a70aba8c7e023b82948c8502378642673eadbd9279ab731d3ffd025",
        "delta medium 1": "280f4c536af6c50a5e3aa04eb44b5c7297b056fa4589d6604f05c51429e80fd6",
        "delta signature 1": "6e2bdfd679c3b01b3a709275ff720107f50b5a4721f7d5061494a93dd436d13e",
        "digest list 3": "8973fa57366fde08505e6b2ffd03783706f0a937697b7f61b30f3c8cb8fd601b",
        "fetch 1": "e48857b5c029e10f88fca03eb4ddbc48024168423968c07f44ce564dd8d1e6b6",
        "live overlay 1": "a26bd7553bcd733c953768ed5e432197e62641e8b11f4c4f4b4524e8acf65737",
        "profile slice 2": "f8feb64f69b67349a3b99c13bffeed6b6880e5a9cd6c27288ee6792925889095",
        "rpm mirror 2": "8df597256d7a3cea9c38f77070fcf4987cf7fdc49908b7a5c83fc1fc214053fd",
        "rpm profile slice 1": "0dccca74c67729323e720f6f8ec8be55812817fa974af8d573143ff4ae561019",
        "unpack root 2": "b178572cab2e275bbac25a47f60b4a7203dedba9cf5764d340d9a255b1d18306",
    ]

    /// The package base, made by dpkg-deb: a program, a link to it, and a file that others may not read.
    private static let base = """
        ITxhcmNoPgpkZWJpYW4tYmluYXJ5ICAgMTcwMDAwMDAwMCAgMCAgICAgMCAgICAgMTAwNjQ0ICA0ICAgICAgICAgYAoyLjAKY29u
        dHJvbC50YXIueHogIDE3MDAwMDAwMDAgIDAgICAgIDAgICAgIDEwMDY0NCAgMjkyICAgICAgIGAK/Td6WFoAAATm1rRGBMDjAYBQ
        IQEWAAAAAAAAAETm5gfgJ/8A210AFwu8HH0BlcAdSj55FcLMJqNeGSYZlCJZ8gpLYFMNQqz3ObR8RsP1YTLIGIR6ThsQHKwEc56E
        SlTRc9VWS7KjwsSQXGx95gmidZ0AqI6vs62XzYN03vFIF8ISIsy9q/e0KySjVt0Nd6EBvYfrR0IshGPWW6PhbHbV8HKPfLRlFdcn
        oT9FG3ykiU2mxzBrc4npFWYWzIuxe6nYSmd9G3C9qJyZJySpk9g442glUxdgVLvqR8tXWskxCkXnRttMKV0+taWtjNUtWgJrQns5
        gDqRle1L5QjToagkg2IAAAAqeJUuMzcn8wAB/wGAUAAAKs4Um7HEZ/sCAAAAAARZWmRhdGEudGFyLnh6ICAgICAxNzAwMDAwMDAw
        ICAwICAgICAwICAgICAxMDA2NDQgIDI4MCAgICAgICBgCv03elhaAAAE5ta0RgTA1gGAUCEBFgAAAAAAAACdzJMo4Cf/AM5dABcL
        vBx9AZXAHUo+eRXCzCajXhkmGZQiWfIKS2BTDUKs9zm0fEbD9WEyyBiEek4bEBysBHOehEpU1CWVCSNkBxQnZw38NvE7LtwiygG5
        fQQB2D6HZ9XajQZvkLoC44Uo4FkGNfJR87UYfh4DwK1XNO8ND78Gsg2DM+ew+ANU1UrW5Nv7PqdOhnB7IZXGgVuO/1bfHeyjX+TC
        yu2Tl+y1AS4U+Nuy6mATczChmmjJPVJ6JVH1npFLMGo40r+LRAHPrBs5Nn7Z13nKNLLgqCMAAAAAYTGEYcPo3fwAAfIBgFAAAPTd
        iiexxGf7AgAAAAAEWVo=
        """

    private let folder: FilePath

    init() throws {
        var template = Array("/tmp/native-steps-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        folder = template.withUnsafeBufferPointer { FilePath($0.baseAddress.map { String(cString: $0) } ?? "") }
    }

    deinit { try? Files.remove(folder) }

    private static let stage = Stage(number: 1, name: "made", title: "made")

    /// Writes a file of a repository below `site`, and returns what the lock says of it.
    private func place(_ path: String, _ bytes: [UInt8]) throws -> (digest: Digest, size: ByteCount) {
        let file = folder.appending("site").pushing(FilePath(path))
        try Files.createDirectory(file.removingLastComponent())
        try Files.write(bytes, to: file)
        return (Digest(of: bytes), ByteCount(bytes.count))
    }

    private func locked(
        _ family: PackageFamily, _ architecture: String, _ indexes: [LockedIndex], _ packages: [LockedPackage]
    ) -> LockedDistribution {
        LockedDistribution(
            name: "made", family: family, architecture: architecture, asked: nil,
            snapshots: [
                LockedSnapshot(
                    repository: "made", suite: family == .apt ? "stable" : nil,
                    date: LockDate(secondsSince1970: 1_700_000_000), digest: Digest(of: [1]), size: ByteCount(1))
            ], indexes: indexes, packages: packages)
    }

    private func package(_ name: String, _ architecture: String, path: String, _ bytes: [UInt8]) throws -> LockedPackage
    {
        let file = try place(path, bytes)
        return LockedPackage(
            name: name, version: "1", architecture: architecture, profiles: ["core"], isEssential: true,
            size: file.size,
            repository: "made", path: path, digest: file.digest)
    }

    private func index(_ component: String, _ architecture: String, path: String, suite: String?, _ text: String) throws
        -> LockedIndex
    {
        let file = try place(path, Array(text.utf8))
        return LockedIndex(
            repository: "made", suite: suite, component: component, architecture: architecture, size: file.size,
            path: path, digest: file.digest)
    }

    private func fetch(_ name: StepName, _ files: [ArchiveFile]) throws -> Step {
        let addresses = RepositoryAddresses(["made": ["file://\(folder)/site"]])
        return try PackageFetch(addresses: addresses, downloader: Downloader()).step(
            name, stage: Self.stage, title: "made", files: files)
    }

    private func certificate(_ family: PackageFamily) -> Certificate {
        Certificate(
            family: family, distribution: "made", release: "1", codename: "stable", architecture: "amd64",
            snapshots: [], epoch: 1_700_000_000,
            profiles: [Certificate.Profile(name: "core", packages: 1, size: ByteCount(1), forbidden: 0)], omitted: [],
            toolVersion: "1")
    }

    private func apt(_ signer: SigningKey) throws -> [Step] {
        let deb = Array(Data(base64Encoded: Self.base.split(separator: "\n").joined()) ?? Data())
        try #require(!deb.isEmpty)
        let base = try package("base", "all", path: "pool/base_1_all.deb", deb)
        let text = """
            Package: base
            Version: 1
            Architecture: all
            Essential: yes
            Filename: \(base.path)
            Size: \(base.size.bytes)
            SHA256: \(base.digest.hex)
            Description: x

            Package: other
            Version: 1
            Architecture: amd64
            Filename: pool/other_1_amd64.deb
            Size: 1
            SHA256: \(Digest(of: [7]).hex)
            Description: y

            """
        let list = try index("main", "amd64", path: "dists/stable/main/binary-amd64/Packages", suite: "stable", text)
        let locked = locked(.apt, "amd64", [list], [base])
        let rules = Array("base 1 all\n".utf8)
        let lock = Lock([
            LockedDistribution(
                name: "debian", family: .apt, architecture: "amd64", asked: nil, snapshots: locked.snapshots,
                indexes: [list], packages: [base])
        ])
        return [
            try fetch("apt/packages", [ArchiveFile(base)]), try fetch("apt/indexes", [ArchiveFile(list, byHash: true)]),
            APTMirrorRecipe(codename: "stable", label: "made", epoch: 1_700_000_000).step(
                "apt/mirror", stage: Self.stage, locked: locked, profiles: ["core"],
                packages: .output("apt/packages", "packages"), indexes: .output("apt/indexes", "packages"), built: [:]),
            APTProfileSlice(codename: "stable", architecture: "amd64", list: rules, essential: ["base"]).step(
                "apt/slice", stage: Self.stage, profile: "core", mirror: .output("apt/mirror", "mirror")),
            MirrorSignature(family: .apt, statement: "dists/stable/Release", signer: signer, epoch: 1_700_000_000).step(
                "apt/signature", stage: Self.stage, mirror: .output("apt/mirror", "mirror")),
            DarksiteRecipe(certificate: certificate(.apt), signer: signer).step(
                "apt/darksite", stage: Self.stage, mirror: .output("apt/signature", "mirror"),
                verdict: .literal(Array("apt 3\ndpkg 1\nfiles 1\nprofile core 1 - -\n".utf8)), installs: [:]),
            try EvidencePlanner().bills(
                "apt/bills", stage: Self.stage, lock: lock,
                declaration: try MadeDeclaration.parse(MadeDeclaration.text),
                name: "made", packages: [.output("apt/packages", "packages")], built: [:]),
            try EvidencePlanner().statement(
                "apt/provenance", stage: Self.stage,
                of: Provenance(
                    parameters: [("edition", ["free"])], sources: [Resource("deploy.yaml", Digest(of: [1]))],
                    lock: lock,
                    lockDigest: Digest(of: [2]), toolVersion: "1", fingerprint: "0123"),
                steps: [], list: .literal(Array("list".utf8)), signer: signer, epoch: 1_700_000_000),
            RootFilesystemRecipe(epoch: 1_700_000_000).bootstrap(
                "apt/root", stage: Self.stage, packages: .output("apt/packages", "packages"), count: 1),
            LiveOverlay.step(
                "apt/overlay", stage: Self.stage,
                includes: .folder(
                    folder.appending("includes"), try includes(), shownAs: "includes"),
                modes: ["etc/conf": 0o640], root: .output("apt/root", "bootstrap.tar")),
            SystemRecipe(
                system: .output("apt/root", "bootstrap.tar"), tree: .output("apt/packages", "packages"),
                folder: "darksite/made/systems/core",
                bases: [SystemRecipe.Base(place: "live/x.squashfs", root: .output("apt/root", "bootstrap.tar"))],
                packages: [
                    SystemRecipe.Package(
                        place: "darksite/made/apt/pool/base_1_all.deb", format: .deb, digest: base.digest)
                ],
                epoch: 1_700_000_000
            ).split("apt/system", stage: Self.stage, title: "made"),
        ]
    }

    /// Of a medium of updates: from version 0 of the package base to what the mirror has.
    private func delta(_ signer: SigningKey) throws -> [Step] {
        func side(_ version: String) -> LockedDistribution {
            locked(
                .apt, "amd64", [],
                [
                    LockedPackage(
                        name: "base", version: version, architecture: "all", profiles: ["core"], isEssential: true,
                        size: ByteCount(1), repository: "made", path: "pool/base_\(version)_all.deb",
                        digest: Digest(of: Array(version.utf8)))
                ])
        }
        let status = "Package: base\nStatus: install ok installed\nVersion: 0\nArchitecture: all\nDescription: x\n\n"
        let planner = DeltaPlanner(
            parts: [], manifest: [], signer: signer, nextKey: nil,
            recipe: ImageRecipe(builder: .registry("none"), epoch: 1_700_000_000, identity: "made"), isDraft: true)
        var layout = ImageLayout()
        layout.add(["kldload/delta.json": .literal(Array("{}".utf8)), "mirror": .output("apt/mirror", "mirror")])
        return [
            DeltaClosure(
                try DistributionDelta(from: side("0"), to: side("1"), profiles: ["core"]),
                earlier: .apt(status: ["core": Array(status.utf8)]), codename: "stable"
            ).step("delta/closure", stage: Self.stage, mirror: .output("apt/mirror", "mirror")),
            planner.signature(of: .literal(Array("list".utf8)), stage: Self.stage),
            DeltaPlanner.tree(
                of: layout, ["verdicts/made/0": .output("delta/closure", "verdict")], stage: Self.stage),
        ]
    }

    private func includes() throws -> FileTree {
        let bytes = Array("b=2\n".utf8)
        try Files.createDirectory(folder.pushing("includes/etc"))
        try Files.write(bytes, to: folder.pushing("includes/etc/conf"))
        return try FileTree([
            "etc/conf": .file(Blob(of: bytes)),
            "bin/hi": .link(target: "hello"),
        ])
    }

    private func rpm(_ signer: SigningKey) throws -> [Step] {
        let tool = try package("tool", "noarch", path: "Packages/tool-1-1.noarch.rpm", Array("tool".utf8))
        let text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="1">
            <package type="rpm"><name>tool</name><arch>noarch</arch><version epoch="0" ver="1" rel="1"/>
            <checksum type="sha256" pkgid="YES">\(tool.digest.hex)</checksum><summary>x</summary><description>y</description>
            <packager></packager><url></url><time file="1" build="2"/><size package="\(tool.size.bytes)" installed="3" archive="4"/>
            <location href="Packages/tool-1-1.noarch.rpm"/><format><rpm:license>MIT</rpm:license>
            <rpm:provides><rpm:entry name="tool" flags="EQ" epoch="0" ver="1" rel="1"/></rpm:provides></format></package>
            </metadata>
            """
        let lists = """
            <?xml version="1.0" encoding="UTF-8"?>
            <filelists xmlns="http://linux.duke.edu/metadata/filelists" packages="1">
            <package pkgid="\(tool.digest.hex)" name="tool" arch="noarch"><version epoch="0" ver="1" rel="1"/><file>/usr/bin/tool</file></package>
            </filelists>
            """
        let indexes = [
            try index("primary", "noarch", path: "repodata/primary.xml", suite: nil, text),
            try index("filelists", "noarch", path: "repodata/filelists.xml", suite: nil, lists),
        ]
        let locked = locked(.rpm, "x86_64", indexes, [tool])
        return [
            try fetch("rpm/packages", [ArchiveFile(tool)]),
            try fetch("rpm/indexes", indexes.map { ArchiveFile($0) }),
            RPMMirrorRecipe(epoch: 1_700_000_000, compression: .none).step(
                "rpm/mirror", stage: Self.stage, locked: locked, profiles: ["core"],
                packages: .output("rpm/packages", "packages"), indexes: .output("rpm/indexes", "packages"),
                verdict: .literal([])),
            RPMProfileSlice(packages: locked.packages(of: "core")).step(
                "rpm/slice", stage: Self.stage, profile: "core", mirror: .output("rpm/mirror", "mirror")),
        ]
    }

    /// The digest of all that a step made, without signatures.
    private func digest(of record: StepRecord, in store: ContentStore) throws -> Digest {
        var lines: [String] = []
        for (name, artifact) in record.outputs {
            switch artifact.kind {
            case .file where name.hasSuffix(".asc"): lines.append(name)
            case .file where name.hasSuffix(".jsonl"):
                let payloads = try Envelope.all(in: store.bytes(of: artifact.digest), called: name).map(\.payload)
                lines += payloads.map { "\(name) \(Digest(of: $0).hex)" }
            case .file: lines.append("\(name) \(artifact.digest.hex)")
            case .tree:
                for (path, node) in try store.tree(artifact.digest).nodes
                where !path.hasSuffix("InRelease") && !path.hasSuffix(".gpg") && !path.hasSuffix(".asc") {
                    switch node {
                    case .file(let blob, let isExecutable):
                        lines.append("\(name)/\(path) \(blob.digest.hex) \(isExecutable)")
                    case .link(let target): lines.append("\(name)/\(path) -> \(target)")
                    case .emptyFolder: lines.append("\(name)/\(path)/")
                    }
                }
            }
        }
        return Digest(of: Array(lines.sorted().joined(separator: "\n").utf8))
    }

    @Test func whatTheyMakeChangesWithTheirVersionAlone() async throws {
        let signer = try await SigningKey(home: folder.appending("key"))
        var layout = ImageLayout()
        layout["live/vmlinuz"] = .literal(Array("kernel".utf8))
        layout["darksite/made/apt"] = .output("apt/slice", "packages")
        layout.add(["live/key": .literal(Array("key".utf8))], keyed: ["live/key"])
        let steps =
            try apt(signer) + rpm(signer) + delta(signer) + [
                layout.digestList("image/digests", stage: Self.stage),
                layout.signatures(
                    "image/signatures", stage: Self.stage, digests: "image/digests", key: signer.publicKey
                ) { _ in Array("signature".utf8) },
            ]
        let store = try ContentStore(root: folder.appending("store"))
        let engine = BuildEngine(
            store: store, records: try RecordFolder(root: folder.appending("records")), containers: FakeContainers(),
            logFolder: folder.appending("logs"), cores: 2, architecture: "amd64", now: { 1 }, events: { _ in })
        let report = try await engine.build(Set(steps.map(\.name)), in: try StepGraph(steps))
        var made: [String: [String]] = [:]
        for step in steps {
            guard case .native(let identifier, let version, _) = step.action else { continue }
            let record = try #require(report.records[step.name])
            made["\(identifier) \(version)", default: []].append(try digest(of: record, in: store).hex)
        }
        for (step, digests) in made.sorted(by: { $0.key < $1.key }) {
            #expect(
                Self.golden[step] == Digest(of: Array(digests.joined().utf8)).hex,
                "\(step) makes something else: raise its version; and here \"\(step)\": \"\(Digest(of: Array(digests.joined().utf8)).hex)\""
            )
        }
        // Every native step there is was run, but for those that a virtual machine does: what comes of it is never the same twice.
        let ofMachines: Set = ["golden disk", "golden clone"]
        let sources = FilePath(#filePath).removingLastComponent().appending("../../Sources").lexicallyNormalized()
        let said = try Tool.run(["grep", "-rhoE", "native\\(identifier: \"[^\"]*\", version: [0-9]+", sources.string])
        let declared = said.split(separator: "\n").map { $0.split(separator: "\"")[1].description }
        #expect(
            Set(declared).subtracting(ofMachines)
                == Set(made.keys.map { $0.split(separator: " ").dropLast().joined(separator: " ") }))
    }
}
