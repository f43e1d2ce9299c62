import Evidence
import Primitives
import SystemPackage
import Testing

/// That the place in which two builds differ is named as deep as it lies. The archives are made by the programs that make real ones.
@Suite struct ContentComparisonTests {
    /// Runs `script` by bash in a folder of its own and says how `first` and `second`, which it made there, differ.
    private func difference(_ script: String) async throws -> ContentDifference? {
        let folder = try PrivateFolder()
        defer { withExtendedLifetime(folder) {} }
        let outcome = try await ChildProgram("bash", environment: nil).run([
            "-euc", "cd \"$1\"; mkdir scratch; \(script)", "-", folder.path.string,
        ])
        try #require(outcome.isSuccess, "\(outcome.errors)")
        return try await ContentComparison(in: folder.path.appending("scratch")).difference(
            folder.path.appending("first"), folder.path.appending("second"))
    }

    private static let roots = "mkdir -p {a,b}/etc; for root in a b; do echo x >$root/etc/conf; done; "
    private static let times = "find a b -exec touch -h -d @1700000000 {} +; "
    private static func tar(_ options: String = "") -> String {
        "tar --sort=name --owner=0 --group=0 -C a -cf first \(options) .; tar --sort=name --owner=0 --group=0 -C b -cf second \(options) .; "
    }

    @Test func theSameIsNoDifference() async throws {
        #expect(try await difference("echo x >first; echo x >second") == nil)
    }

    @Test func ofPlainBytesTheFirstIsNamed() async throws {
        #expect(try await difference("printf abc >first; printf abd >second") == ContentDifference([], "byte 2 of 3"))
        #expect(
            try await difference("printf abc >first; printf ab >second") == ContentDifference([], "3 bytes, 2 bytes"))
    }

    @Test(arguments: ["", "-z", "--zstd", "-J"]) func aFileInATarArchive(_ packing: String) async throws {
        let script = Self.roots + "echo y >b/etc/conf; " + Self.times + Self.tar(packing)
        #expect(try await difference(script) == ContentDifference(["./etc/conf"], "byte 0 of 2"))
    }

    @Test func aTimeInATarArchive() async throws {
        let script = Self.roots + Self.times + "touch -d @1700000001 b/etc/conf; " + Self.tar()
        #expect(try await difference(script) == ContentDifference(["./etc/conf"], "modified 1700000000, 1700000001"))
    }

    @Test func anotherFileInATarArchive() async throws {
        let script = Self.roots + "echo >b/etc/more; " + Self.times + Self.tar()
        #expect(
            try await difference(script) == ContentDifference([], "nothing stands where the other has ./etc/more"))
    }

    @Test func howItIsPackedAlone() async throws {
        let script =
            Self.roots + Self.times
            + "tar --sort=name -C a -c . | gzip -1n >first; tar --sort=name -C a -c . | gzip -9n >second"
        let found = try #require(try await difference(script))
        #expect(found.place == [] && found.what.hasSuffix("what is packed in it is the same"))
    }

    @Test func aFileInAPackage() async throws {
        let script =
            Self.roots + "echo y >b/etc/conf; mkdir {a,b}/DEBIAN; "
            + "for root in a b; do printf 'Package: x\\nVersion: 1\\nArchitecture: all\\nMaintainer: x\\nDescription: x\\n' >$root/DEBIAN/control; done; "
            + Self.times
            + "for root in a b; do SOURCE_DATE_EPOCH=1700000000 dpkg-deb --root-owner-group -Zxz -b $root $root.deb; done; mv a.deb first; mv b.deb second"
        let found = try #require(try await difference(script))
        #expect(found == ContentDifference(["data.tar.xz", "./etc/conf"], "byte 0 of 2"))
    }

    @Test func aFileInASquashfsOnAnImage() async throws {
        let script =
            Self.roots + "echo y >b/etc/conf; " + Self.times
            + "for root in a b; do mkdir -p image-$root/live; "
            + "SOURCE_DATE_EPOCH=1700000000 mksquashfs $root image-$root/live/10-system.squashfs -quiet -no-progress; done; "
            + "find image-a image-b -exec touch -d @1700000000 {} +; "
            + "for root in a b; do xorriso -as mkisofs -quiet -R --modification-date=2023111400000000 -o $root.iso image-$root; done; mv a.iso first; mv b.iso second"
        let found = try #require(try await difference(script))
        #expect(found == ContentDifference(["live/10-system.squashfs", "etc/conf"], "byte 0 of 2"))
    }
}
