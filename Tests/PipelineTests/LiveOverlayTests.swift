import Archives
import ContentStore
import LiveImage
import Primitives
import SystemPackage
import Testing

/// Files of the checkout, laid over a root whose folders are partly links, as all distributions of today have them.
@Suite struct LiveOverlayTests {
    private let layout = RootLayout([
        "usr": .folder(FileRights(mode: 0o755)), "usr/lib": .folder(FileRights(mode: 0o755)),
        "usr/bin": .folder(FileRights(mode: 0o755)), "usr/bin/sh": .link(target: "dash"), "usr/bin/dash": .file,
        "lib": .link(target: "usr/lib"), "bin": .link(target: "usr/bin"), "etc": .folder(FileRights(mode: 0o755)),
        "etc/hosts": .file, "etc/alternatives": .folder(FileRights(mode: 0o755)),
        "etc/mtab": .link(target: "../proc/self/mounts"), "nowhere": .link(target: "/not/there"),
        "root": .folder(FileRights(mode: 0o700)), "tmp": .folder(FileRights(mode: 0o1777)),
        "var": .folder(FileRights(mode: 0o755)), "var/run": .link(target: "/run"),
        "run": .folder(FileRights(mode: 0o755)), "loop": .link(target: "loop"),
        "var/log": .folder(FileRights(mode: 0o2775, user: 0, group: 4)),
    ])

    private let file = FileTree.Node.file(Blob(of: Array("x".utf8)))

    private func overlay(_ nodes: [String: FileTree.Node], modes: [String: UInt16] = [:]) throws -> LiveOverlay {
        try LiveOverlay(try FileTree(nodes), modes: modes, over: layout, shownAs: "includes")
    }

    private func errors(_ nodes: [String: FileTree.Node]) -> [any UserError] {
        #expect(throws: UserErrors.self) { _ = try overlay(nodes) }
        do { _ = try overlay(nodes) } catch { return (error as? UserErrors)?.errors ?? [] }
        return []
    }

    @Test func filesGoWhereLinksOfTheRootLead() throws {
        let laid = try overlay([
            "lib/firmware/acme/x.bin": file, "bin/hello": file, "usr/lib/y": file, "etc/hosts": file,
            "opt/acme/z": file, "etc/systemd/network": .link(target: "/usr/lib/systemd/network"),
        ])
        #expect(
            laid.tree.paths == [
                "etc/hosts", "etc/systemd/network", "opt/acme/z", "usr/bin/hello", "usr/lib/firmware/acme/x.bin",
                "usr/lib/y",
            ])
        #expect(laid.moved == ["lib": "usr/lib", "bin": "usr/bin"])
        #expect(laid.rights.isEmpty)
    }

    @Test func aLinkAsTheRootHasItAndAFolderThatIsThereNeedNoPlace() throws {
        #expect(try overlay(["lib": .link(target: "usr/lib"), "usr/lib": .emptyFolder]).tree.nodes.isEmpty)
        #expect(try overlay(["etc/mtab": file]).tree.paths == ["etc/mtab"])
    }

    /// `bin` as a file, or as a link to elsewhere, would hide every program.
    @Test(arguments: [
        "lib", "bin", "usr/bin", "etc/alternatives",
    ])
    func nothingHidesAFolder(path: String) {
        for node in [file, .link(target: "/opt")] {
            let found = errors([path: node])
            #expect(found.count == 1 && found[0].what.hasPrefix("includes/\(path) hides the folder /"))
            #expect(found[0].hint != nil && found[0].isUsageError)
        }
    }

    @Test func whatLeadsNowhereIsSaidAllAtOnce() {
        let found = errors([
            "nowhere/a": file, "nowhere/b": file, "loop/a": file, "etc/hosts/a": file, "var/run/a": file,
        ])
        #expect(
            found.map(\.what) == [
                "includes/etc/hosts is a folder, and in the live root /etc/hosts is a file",
                "includes/loop is a folder, and in the live root /loop is a link to loop, where no folder is",
                "includes/nowhere is a folder, and in the live root /nowhere is a link to /not/there, where no folder is",
                "includes/var/run would be seen by nobody: /run is empty when the live system has booted",
            ])
    }

    @Test func twoFilesDoNotBecomeOneUnlessTheyAreTheSame() throws {
        #expect(try overlay(["lib/x": file, "usr/lib/x": file]).tree.paths == ["usr/lib/x"])
        let other = FileTree.Node.file(Blob(of: Array("y".utf8)))
        #expect(errors(["lib/x": file, "usr/lib/x": other])[0].what.contains("are the same file /usr/lib/x"))
    }

    /// The layer's folder counts when layers are stacked: /root must not become readable for all, /tmp not closed.
    @Test func foldersKeepTheRightsThatTheyHaveInTheRoot() throws {
        let laid = try overlay(["root/.bashrc": file, "tmp/x": file, "var/log/acme/y": file])
        #expect(
            laid.rights == [
                "root": FileRights(mode: 0o700), "tmp": FileRights(mode: 0o1777),
                "var/log": FileRights(mode: 0o2775, user: 0, group: 4),
            ])
    }

    @Test func modesThatWereSetAreKept() throws {
        let modes: [String: UInt16] = ["lib/key": 0o600, "var/spool": 0o1777, "root": 0o711]
        let laid = try overlay(["lib/key": file, "var/spool": .emptyFolder, "root/x": file], modes: modes)
        #expect(
            laid.rights == [
                "usr/lib/key": FileRights(mode: 0o600), "var/spool": FileRights(mode: 0o1777),
                "root": FileRights(mode: 0o711),
            ])
        #expect(laid.tree.paths == ["root/x", "usr/lib/key", "var/spool"])
    }

    @Test func theLayoutIsThatOfAnArchive() throws {
        let folder = try PrivateFolder()
        try Tool.run([
            "bash", "-c",
            """
            cd \(folder.path) && mkdir -p root/usr/lib root/tmp && chmod 1777 root/tmp && ln -s usr/lib root/lib
            echo x >root/usr/lib/x && ln root/usr/lib/x root/usr/lib/y && ln -s x root/usr/lib/z
            tar --create --file root.tar --format=pax --directory root .
            """,
        ])
        let layout = try RootLayout(archive: folder.path.appending("root.tar"))
        #expect(layout["lib"] == .link(target: "usr/lib") && layout.folder("lib") == "usr/lib")
        #expect(layout["usr/lib/x"] == .file && layout["usr/lib/y"] == .file)
        #expect(layout["usr/lib/z"] == .link(target: "x") && layout.folder("usr/lib/z") == nil)
        guard case .folder(let rights) = layout["tmp"] else { throw TreeError("no /tmp") }
        #expect(rights.mode == 0o1777)
    }

    @Test func aUmaskIsNoModeThatSomebodySet() throws {
        let folder = try PrivateFolder()
        for (umask, expected) in [
            ("022", ["s": UInt16(0o600), "t": 0o1777, "u": 0o4755, "v": 0o440]),
            ("077", ["t": 0o1777, "u": 0o4755, "v": 0o440]),
            ("002", ["s": 0o600, "t": 0o1777, "u": 0o4755, "v": 0o440]),
        ] {
            try Tool.run([
                "bash", "-c",
                """
                cd \(folder.path) && umask \(umask) && mkdir -p t-\(umask)/d && cd t-\(umask) && echo x >f && echo x >d/p
                chmod +x d/p && mkdir t && chmod 1777 t && for f in s u v; do echo x >$f; done
                chmod 600 s; chmod 4755 u; chmod 440 v; ln -s s link
                """,
            ])
            #expect(try UnusualModes.scan(folder.path.appending("t-\(umask)")) == expected)
        }
    }
}
