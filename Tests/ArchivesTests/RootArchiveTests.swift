import Archives
import Primitives
import SystemPackage
import Testing

@Suite struct RootArchiveTests {
    private let epoch: Int64 = 1_700_000_000

    private func names(_ bench: Workbench) throws -> [String] {
        try bench.run("tar -tf root.tar > names")
        return try bench.text("names").split(separator: "\n").map(String.init)
    }

    private func write(
        _ bench: Workbench, _ packages: [FilePath], leading: [RootArchive.Extra] = [],
        trailing: [RootArchive.Extra] = []
    ) throws {
        try RootArchive.write(
            packages: packages, leading: leading, trailing: trailing, epoch: epoch, to: bench.path.appending("root.tar")
        )
    }

    @Test func isWhatTarUnpacksFromThePackages() throws {
        let bench = try Workbench()
        let long = String(repeating: "long-name-", count: 20)
        let packages = [
            try bench.deb(
                "a",
                """
                mkdir -p usr/bin usr/share/doc dev 'usr/share/\(long)/\(long)'
                echo a > usr/bin/a; chmod 4755 usr/bin/a; ln usr/bin/a usr/bin/a2; ln -s ../../usr/bin/a usr/share/link
                echo l > 'usr/share/\(long)/\(long)/file'; ln -s '\(long)' usr/share/longlink
                seq 300000 > usr/share/doc/numbers; : > usr/share/doc/empty
                ln 'usr/share/\(long)/\(long)/file' usr/share/hard
                printf x > "usr/share/F\\305\\221tan\\303\\272s.crt"
                mkfifo usr/fifo; mknod dev/zero c 1 5; mknod dev/loop b 7 0; chmod 1777 dev
                """),
            try bench.deb(
                "b", compression: "zstd",
                "mkdir -p usr/bin usr/share/doc; echo b > usr/bin/b; touch -d @1500000000 usr/bin/b"),
        ]
        try write(
            bench, packages, trailing: [.init("var/lib/dpkg/status", .file(Array("status\n".utf8)), permissions: 0o600)]
        )
        try bench.run(
            """
            mkdir mine theirs
            tar -C mine -xpf root.tar
            for deb in a b; do dpkg-deb --fsys-tarfile $deb.deb | tar -C theirs -xp; done
            mkdir -p theirs/var/lib/dpkg; echo status > theirs/var/lib/dpkg/status; chmod 600 theirs/var/lib/dpkg/status
            for tree in mine theirs; do (cd $tree; find . -type f -exec sha256sum {} + | sort) > $tree.sums; done
            diff mine.sums theirs.sums
            for tree in mine theirs; do
                (cd $tree; find . -printf '%P %y %m %U %G %n %l\\n' | sort) > $tree.list
            done
            diff mine.list theirs.list
            """)
        let all = try names(bench)
        #expect(Set(all).count == all.count)
        try bench.run(
            """
            find mine ! -type d -newermt @\(epoch) ! -newermt @9999999999 > late; cat late; test ! -s late
            test "$(stat -c %Y mine/usr/bin/b)" = 1500000000
            """)
    }

    @Test func theSameInputGivesTheSameBytes() throws {
        let bench = try Workbench()
        let package = try bench.deb("a", "mkdir -p usr/bin; echo a > usr/bin/a")
        try write(bench, [package])
        let first = try bench.read("root.tar")
        try write(bench, [package])
        #expect(try bench.read("root.tar") == first)
        #expect(first.count % 512 == 0)
    }

    @Test func pathsBelowALinkedFolderGoWhereItLeads() throws {
        let bench = try Workbench()
        let files = try bench.deb(
            "files", "mkdir -p usr/bin usr/lib; ln -s usr/bin bin; ln -s /usr/lib lib; ln -s usr/lib64 lib64")
        let old = try bench.deb(
            "old",
            "mkdir -p bin lib/udev lib64; echo s > bin/sh; ln bin/sh bin/dash; echo r > lib/udev/r; echo l > lib64/ld.so"
        )
        try write(bench, [files, old])
        let all = try names(bench)
        #expect(
            all == [
                "./", "usr/", "usr/bin/", "usr/lib/", "bin", "lib", "lib64", "usr/bin/dash", "usr/bin/sh",
                "usr/lib/udev/",
                "usr/lib/udev/r", "usr/lib64/", "usr/lib64/ld.so",
            ])
        try bench.run(
            "mkdir out; tar -C out -xf root.tar; test -L out/bin; cmp out/bin/sh out/usr/bin/dash; cat out/lib64/ld.so")
    }

    @Test func aFolderThatIsThereStaysWhenALinkComes() throws {
        let bench = try Workbench()
        let folder = try bench.deb("folder", "mkdir -p bin usr/bin; echo s > bin/sh")
        let link = try bench.deb("link", "mkdir -p usr; ln -s usr/bin bin")
        try write(bench, [folder, link])
        #expect(try names(bench) == ["./", "bin/", "bin/sh", "usr/", "usr/bin/"])
        // Said first, the link stays.
        try write(bench, [folder, link], leading: [.init("bin", .symbolicLink("usr/bin"))])
        let merged = try names(bench)
        #expect(merged == ["bin", "./", "usr/", "usr/bin/", "usr/bin/sh"])
    }

    @Test func undeclaredFoldersAreMade() throws {
        let bench = try Workbench()
        try write(bench, [], leading: [.directory("etc", permissions: 0o700), .init("etc/a/b/c", .file([1]))])
        #expect(try names(bench) == ["etc/", "etc/a/", "etc/a/b/", "etc/a/b/c"])
    }

    @Test func capabilitiesAreKept() throws {
        let bench = try Workbench()
        _ = try bench.deb("caps", "mkdir -p usr/bin; cp /bin/true usr/bin/ping; chmod 755 usr/bin/ping")
        // dpkg-deb drops attributes, so the data archive is made by tar.
        try bench.run(
            """
            setcap cap_net_raw+ep caps/usr/bin/ping
            tar -C caps --format=pax --xattrs --xattrs-include='*' --exclude=DEBIAN -cf data.tar ./usr
            ar x caps.deb; rm data.tar.xz; ar rc new.deb debian-binary control.tar.xz data.tar
            """)
        try write(bench, [bench.path.appending("new.deb")])
        try bench.run(
            """
            mkdir out; tar -C out --xattrs --xattrs-include='*' -xpf root.tar
            getcap out/usr/bin/ping | grep cap_net_raw
            """)
    }

    @Test(arguments: ["../etc/passwd", "/etc/passwd", "usr/../../x", "", "usr/.."])
    func aNameThatLeadsOutIsAnError(name: String) throws {
        let bench = try Workbench()
        #expect(throws: ArchiveError(name, .unsafeName(name))) {
            try write(bench, [], leading: [.init(name, .file([]))])
        }
        #expect(!Files.exists(bench.path.appending("root.tar")))
    }

    @Test(arguments: ["../../x", "..//../etc", "/../x", "", "a/../../../x"])
    func aLinkThatLeadsOutIsAnError(target: String) throws {
        let bench = try Workbench()
        #expect(throws: ArchiveError.self) { try write(bench, [], leading: [.init("usr/link", .symbolicLink(target))]) }
    }

    @Test func hostileNamesInAPackageAreErrors() throws {
        let bench = try Workbench()
        _ = try bench.deb("a", "mkdir usr; echo a > usr/a")
        for (options, member) in [("--transform=s,usr,../evil,", "usr"), ("-P --transform=s,usr,/evil,", "usr")] {
            try bench.run(
                """
                tar -C a \(options) -cPf data.tar \(member); rm -f control.tar.xz debian-binary new.deb
                ar x a.deb; ar rc new.deb debian-binary control.tar.xz data.tar
                """)
            let error = try #require(throws: ArchiveError.self) { try write(bench, [bench.path.appending("new.deb")]) }
            guard case .unsafeName = error.reason else {
                Issue.record("\(error)")
                continue
            }
        }
    }

    @Test func aFileInTheWayOfAFolderIsAnErrorNamingBoth() throws {
        let bench = try Workbench()
        let file = try bench.deb("file", "mkdir usr; echo x > usr/share")
        let folder = try bench.deb("folder", "mkdir -p usr/share")
        #expect(throws: ArchiveError(folder.string, .clash(path: "./usr/share/", other: file.string))) {
            try write(bench, [file, folder])
        }
        #expect(throws: ArchiveError(file.string, .clash(path: "./usr/share", other: folder.string))) {
            try write(bench, [folder, file])
        }
    }

    @Test func aCancelledTaskStops() async throws {
        let bench = try Workbench()
        let package = try bench.deb("a", "mkdir usr")
        let output = bench.path.appending("root.tar")
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            try RootArchive.write(packages: [package], epoch: 0, to: output)
        }
        task.cancel()
        await #expect(throws: ArchiveError(package.string, .cancelled)) { try await task.value }
        #expect(!Files.exists(output))
    }
}
