import Archives
import SystemPackage
import Testing

@Suite struct DebFileTests {
    @Test(arguments: ["xz", "gzip", "zstd", "none"])
    func readsAPackageOfDpkg(compression: String) throws {
        let bench = try Workbench()
        let path = try bench.deb(
            "a", compression: compression,
            """
            mkdir -p usr/bin; echo content > usr/bin/a; chmod 755 usr/bin/a; ln -s a usr/bin/b; ln usr/bin/a usr/bin/c
            printf '#!/bin/sh\\n' > DEBIAN/postinst; chmod 755 DEBIAN/postinst
            """)
        try bench.run("dpkg-deb -I a.deb control > control; dpkg-deb --fsys-tarfile a.deb | tar -t > names")
        let deb = try DebFile(path)
        #expect(try deb.controlParagraph() == bench.read("control"))
        #expect(try deb.controlFile(named: "postinst") == Array("#!/bin/sh\n".utf8))
        #expect(try deb.controlFile(named: "prerm") == nil)
        var names: [String] = []
        var content: [UInt8] = []
        try deb.forEachEntry { entry, reader in
            names.append(entry.displayPath)
            guard case .file(let size) = entry.kind else { return }
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(size) + 10, alignment: 1)
            defer { buffer.deallocate() }
            content += buffer[..<(try reader.read(into: buffer))]
        }
        #expect(names == (try bench.text("names")).split(separator: "\n").map(String.init))
        #expect(content == Array("content\n".utf8))
    }

    @Test(arguments: [3, 40, 100, 300])
    func aPackageThatIsCutOffIsAnError(size: Int) throws {
        let bench = try Workbench()
        _ = try bench.deb("a", "mkdir usr; seq 1000 > usr/a")
        try bench.run("head -c \(size) a.deb > cut.deb")
        #expect(throws: ArchiveError.self) {
            let deb = try DebFile(bench.path.appending("cut.deb"))
            try deb.forEachEntry { _, _ in }
        }
    }

    @Test func anotherArchiveIsNoPackage() throws {
        let bench = try Workbench()
        try bench.run("echo x > x; ar rc x.a x; tar cf x.tar x")
        for name in ["x.a", "x.tar"] {
            let error = try #require(throws: ArchiveError.self) { _ = try DebFile(bench.path.appending(name)) }
            guard case .notAPackage = error.reason else {
                Issue.record("\(error)")
                continue
            }
        }
    }
}
