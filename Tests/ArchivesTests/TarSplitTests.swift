import Archives
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
            return name.hasSuffix(".deb") ? .package(path, ofAtLeast: 4096) : .archive(path)
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

    @Test("an archive that was cut off is an error with its name") func truncated() throws {
        let bench = try bench("")
        try bench.run("truncate -s 20000 one.tar")
        #expect(throws: ArchiveError(bench.path.appending("one.tar").string, .truncated)) {
            try split(bench, ["one.tar"])
        }
    }
}
