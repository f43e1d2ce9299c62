import Archives
import Glibc
import Primitives
import SystemPackage
import Testing

@Suite struct TarSplitTests {
    /// Packs the folders as root.tar, one.tar and two.tar, all of whose times are the same.
    private func bench(_ changes: String) throws -> Workbench {
        let bench = try Workbench()
        try bench.run(
            """
            mkdir -p root/usr/bin root/usr/share root/etc
            seq 5000 > root/usr/bin/same; seq 6000 > root/usr/bin/other; seq 7000 > root/usr/share/mode
            seq 8000 > root/usr/share/linked; ln root/usr/share/linked root/usr/share/again
            seq 9000 > root/usr/share/later; seq 9500 > root/usr/share/attribute
            echo small > root/etc/small; ln -s small root/etc/link; mkdir -m 1777 root/tmp
            find root -exec touch -h -d @1500000000 {} +
            cp -a root one; cp -a root two
            \(changes)
            for name in root one two; do
                tar -C $name --format=pax --xattrs --xattrs-include='*' --sort=name -cf $name.tar ${prefix-.}
            done
            """)
        return bench
    }

    private func split(_ bench: Workbench, _ names: [String]) throws -> TarSplit.Result {
        let bases = names.map { name -> TarSplit.Base in
            let path = bench.path.appending(name)
            if name.hasSuffix(".deb") { return .deb(path, ofAtLeast: 4096) }
            return name.hasSuffix(".rpm") ? .rpm(path, ofAtLeast: 4096) : .archive(path)
        }
        return try TarSplit.write(
            bench.path.appending("root.tar"), without: bases, ofAtLeast: 4096, epoch: 1_500_000_000,
            to: bench.path.appending("rest.tar"))
    }

    private func names(_ share: TarSplit.Share) -> [String] { share.paths.map { String(decoding: $0, as: UTF8.self) } }

    @Test("what others have just so is left to the first that has it; all else is in the rest")
    func shares() throws {
        let bench = try bench(
            """
            seq 6000 | tac > one/usr/bin/other; touch -d @1500000000 one/usr/bin/other
            chmod 600 one/usr/share/mode two/usr/share/mode
            touch -d @1400000000 one/usr/share/later
            setfattr -n user.x -v y one/usr/share/attribute 2> /dev/null || touch -d @1 one/usr/share/attribute
            find one two -type d -exec touch -d @1500000000 {} +
            """)
        let result = try split(bench, ["one.tar", "two.tar"])
        #expect(names(result.shares[0]) == ["usr/bin/same"])
        #expect(names(result.shares[1]) == ["usr/bin/other", "usr/share/attribute", "usr/share/later"])
        try bench.run(
            """
            wc -c < root/usr/bin/same > sizes
            cat root/usr/share/mode root/usr/share/linked root/etc/small | wc -c >> sizes
            """)
        #expect(try bench.text("sizes") == "\(result.shares[0].size)\n\(result.rest)\n")
        // Unpacked one after the other, the shares and the rest are the root again.
        try bench.run(
            """
            mkdir all
            tar -C all -xpf one.tar --no-recursion ./usr/bin/same
            tar -C all -xpf two.tar --no-recursion ./usr/bin/other ./usr/share/attribute ./usr/share/later
            tar -C all -xpf rest.tar
            for tree in root all; do
                (cd $tree; find . -printf '%P %y %m %U %G %T@ %n %l\\n' | sort; find . -type f -exec sha256sum {} + | sort) > $tree.list
            done
            diff root.list all.list
            """)
    }

    @Test("without others, everything is in the rest") func alone() throws {
        let bench = try bench("")
        let result = try split(bench, [])
        #expect(result.shares.isEmpty)
        try bench.run("tar -tf root.tar > a; tar -tf rest.tar > b; diff a b")
    }

    @Test("names with and without ./ before them are the same") func prefix() throws {
        let bench = try bench("prefix='etc tmp usr'")
        try bench.run("tar -C one --format=pax --sort=name -cf one.tar .")
        #expect(names(try split(bench, ["one.tar"]).shares[0]).contains("usr/bin/same"))
    }

    @Test("a package is taken whole, small files and links too, where all of it is there just so")
    func packages() throws {
        let bench = try bench("")
        let times = "find . -exec touch -h -d @1500000000 {} +"
        let files = "mkdir -p usr/bin etc; cp -p ../root/usr/bin/* usr/bin; cp -Pp ../root/etc/* etc"
        // What is newer than the archive can tell is as old as that.
        _ = try bench.deb("whole", "\(files); \(times); touch -d @1600000000 usr/bin/same")
        _ = try bench.deb("other", "\(files); echo y > etc/small; \(times)")
        _ = try bench.deb("more", "\(files); echo y > etc/more; \(times)")
        _ = try bench.deb("small", "mkdir etc; cp -p ../root/etc/small etc; \(times)")
        // Files belong to whoever runs this.
        try bench.run("tar -C root --format=pax --owner=0 --group=0 --sort=name -cf root.tar .")
        let result = try split(bench, ["other.deb", "more.deb", "small.deb", "whole.deb"])
        #expect(result.shares[..<3].allSatisfy { $0.paths.isEmpty })
        #expect(names(result.shares[3]) == ["etc/link", "etc/small", "usr/bin/other", "usr/bin/same"])
        // One whose files are to be had before is not taken.
        try bench.run("tar -C root --format=pax --owner=0 --group=0 --sort=name -cf one.tar .")
        #expect(try split(bench, ["one.tar", "whole.deb"]).shares[1].paths.isEmpty)
    }

    /// Builds `name.rpm` of what `content`, a script, puts into the current folder.
    private func rpm(_ bench: Workbench, _ name: String, _ content: String) throws {
        try bench.run(
            #"""
            mkdir \#(name); cd \#(name)
            \#(content)
            find . -exec touch -h -d @1500000000 {} +
            cat > ../\#(name).spec <<END
            Name: \#(name)
            Version: 1
            Release: 1
            Summary: s
            License: MIT
            AutoReqProv: no
            BuildArch: noarch
            %description
            d
            %install
            cp -a $PWD/. %{buildroot}/
            %files
            END
            find . -mindepth 1 \( -type d -printf '%%dir /%P\n' -o -printf '/%P\n' \) | sort >> ../\#(name).spec
            cd ..
            rpmbuild -bb --quiet --define "_topdir $PWD/top" --define '__os_install_post %{nil}' \
                --define '_build_name_fmt %%{NAME}.rpm' --define "_rpmdir $PWD" \#(name).spec
            """#)
    }

    @Test(
        "an RPM package is unpacked whole, the rest writes over what differs, and nothing else comes of it",
        .enabled(if: ["rpmbuild", "rpm2cpio", "cpio", "mksquashfs"].allSatisfy { access("/usr/bin/\($0)", X_OK) == 0 }))
    func rpmPackages() throws {
        let bench = try bench("ln -s usr root/merged; touch -h -d @1500000000 root/merged root")
        let files =
            "mkdir -p usr/bin usr/share; cp -p ../root/usr/bin/* usr/bin; cp -p ../root/usr/share/mode usr/share"
        // What is not there; a folder where a link is; a link where a file is, which would be followed; files with several names.
        try rpm(bench, "gone", "\(files); echo x > usr/share/gone")
        try rpm(bench, "folder", "\(files); mkdir merged")
        try rpm(bench, "follow", "\(files); rm usr/share/mode; ln -s ../bin/same usr/share/mode")
        try rpm(bench, "several", "\(files); rm usr/bin/other; ln usr/bin/same usr/bin/other")
        try rpm(bench, "small", "mkdir etc; cp -p ../root/etc/small etc")
        // Other content, another mode, a file of several names; the link is as it is in the root.
        try rpm(
            bench, "good",
            """
            \(files); mkdir etc; cp -Pp ../root/etc/link etc; echo y > etc/small; chmod 600 usr/share/mode
            cp -p ../root/usr/share/linked usr/share
            """)
        try rpm(bench, "again", files)
        try bench.run("tar -C root --format=pax --owner=0 --group=0 --sort=name -cf root.tar .")
        let names = ["gone", "folder", "follow", "several", "small", "good", "again"].map { "\($0).rpm" }
        let result = try split(bench, names)
        #expect(result.shares.map { !$0.paths.isEmpty } == names.map { $0 == "good.rpm" })
        #expect(self.names(result.shares[5]) == ["usr/bin/other", "usr/bin/same"])
        // What it would write otherwise must not be taken from elsewhere before it.
        try bench.run("tar -C root --format=pax --owner=0 --group=0 --sort=name -cf one.tar ./usr/share")
        #expect(try split(bench, ["one.tar", "good.rpm"]).shares[1].paths.isEmpty)
        _ = try split(bench, names)
        try bench.run(
            #"""
            mkdir all
            rpm2cpio good.rpm | cpio --extract --quiet --directory=all --make-directories --preserve-modification-time \
                --unconditional
            mksquashfs - rest.squashfs -tar -quiet -no-progress < rest.tar
            unsquashfs -quiet -no-progress -force -dest all rest.squashfs
            for tree in root all; do
                (cd $tree
                find . -mindepth 1 -printf '%P %y %m %T@ %n %l\n' | sort
                find . -type f -exec sha256sum {} + | sort) > $tree.list
            done
            diff root.list all.list
            """#)
    }

    @Test("an archive that was cut off is an error with its name") func truncated() throws {
        let bench = try bench("")
        try bench.run("truncate -s 20000 one.tar")
        #expect(throws: ArchiveError(bench.path.appending("one.tar").string, .truncated)) {
            try split(bench, ["one.tar"])
        }
    }
}
