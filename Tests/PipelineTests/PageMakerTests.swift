import BuildGraph
import ContentStore
import Evidence
import Primitives
import SystemPackage
import Testing

@testable import Pipeline

/// What the page about a build is made of.
@Suite struct PageMakerTests {
    @Test func allBytesOfAnImageAreSomewhere() throws {
        let inputs: [String: Int] = [
            "boot/efi.img": 20, "root/live/10-system.squashfs": 300, "root/live/vmlinuz": 12,
            "root/darksite/debian/apt": 450, "root/darksite/debian/profiles/core": 3,
            "root/darksite/debian/systems/core/system.squashfs": 100, "root/darksite/debian/systems/core/lists": 1,
            "root/darksite/rpm/fedora": 70, "root/kldload/deploy.lock": 5, "root/postinstall.d": 2,
        ]
        let parts = ImageContents(
            inputs: inputs.mapValues { ByteCount($0) }, size: ByteCount(1000),
            packages: [
                "debian": [
                    ("libc6", ByteCount(200), "base system"), ("zsh", ByteCount(40), "set server"),
                    ("vim", ByteCount(60), "set server"),
                ]
            ]
        ).parts
        #expect(parts.size == ByteCount(1000))
        func part(_ name: String, of part: BuildPage.Part) throws -> BuildPage.Part {
            try #require(part.parts.first { $0.name == name })
        }
        #expect(
            parts.parts.map(\.name) == [
                "debian packages", "live system", "debian systems", "fedora packages", "evidence and the rest", "boot",
            ])
        let debian = try part("debian packages", of: parts)
        #expect(
            debian.parts.map(\.name) == ["base system", "indexes, lists, what the build made", "set server"])
        #expect(try part("set server", of: debian).parts.map(\.name) == ["vim", "zsh"])
        #expect(try part("debian systems", of: parts).parts == [BuildPage.Part("core", ByteCount(101))])
        #expect(try part("evidence and the rest", of: parts).parts.first?.name == "file system and padding")
    }

    @Test func theEndOfALogIsShownAsATerminalWouldShowIt() {
        let short = PageMaker.end(of: Array("one\n10 %\r100 %\n\u{1B}[1mbold\u{1B}[0m\n".utf8), limit: 100)
        #expect(short.text == "one\n100 %\nbold\n" && short.leftOut == .zero)
        let long = PageMaker.end(of: Array("first line\nsecond line\nthird line\n".utf8), limit: 25)
        #expect(long.text == "second line\nthird line\n" && long.leftOut == ByteCount(11))
    }

    @Test func aBuildWithoutAnImageLeavesItsPageWithItsLogs() async throws {
        let checkout = try MadeCheckout(MadeArchive())
        let bin = checkout.folder.appending("bin")
        try Files.createDirectory(bin)
        try Files.write("#!/bin/sh\n".utf8, to: bin.appending("podman"), permissions: [.ownerReadWriteExecute])
        let project = try checkout.project(environment: ["PATH": "\(bin):/usr/bin:/bin"])
        let result = try await project.build(BuildRequest(targets: ["debian/mirror"]))
        #expect(result.page?.hasPrefix("live-build/logs/") == true && result.page?.hasSuffix("/build.html") == true)
        let text = try Files.readText(checkout.folder.pushing(FilePath(result.page ?? "")))
        #expect(
            text.contains("<title>build 1</title>") && text.contains("debian/mirror") && text.hasSuffix("</html>\n"))
        let kept = try #require(try project.build(named: "1").page)
        #expect(String(decoding: try await project.store.bytes(of: kept), as: UTF8.self) == text)
    }
}
