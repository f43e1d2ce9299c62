import Primitives
import SystemPackage
import Testing

@testable import Pipeline

/// Which files of a published folder are a night's, and which of them go.
@Suite struct NightFilesTests {
    @Test func failuresAreKnownByTheirNames() {
        #expect(NightFiles.stamp(ofFailure: "20261128-031502.failed.md") == "20261128-031502")
        #expect(NightFiles.stamp(ofFailure: "20261128-031502.failed.lock") == "20261128-031502")
        for name in [
            "20261128.failed.md", "20261128-031502.md", "2026112x-031502.failed.md", "notes.failed.md", "failed.md", "",
            "20261128-031502.failed.md.bak", "20261128_031502.failed.md",
        ] {
            #expect(NightFiles.stamp(ofFailure: name) == nil, "\(name)")
        }
    }

    @Test func theOldestFailuresGo() {
        let names = ["20260101", "20260102", "20260103"].flatMap { day in
            ["\(day)-000000.failed.md", "\(day)-000000.failed.lock"]
        }
        #expect(NightFiles.outdatedFailures(in: names + ["notes.md"], keep: 2) == Array(names.prefix(2)))
        #expect(NightFiles.outdatedFailures(in: names, keep: 3).isEmpty)
    }

    @Test func theLatestImageStaysHoweverOldItIs() {
        let images = [("a", 4), ("b", 3), ("c", 2), ("d", 1), ("half", 9)].map { (name: $0.0, time: Int64($0.1)) }
        func outdated(_ latest: String, keep: Int) -> [String] {
            NightFiles.outdatedImages(images, latest: latest, keep: keep) { $0 != "half" }
        }
        #expect(outdated("a", keep: 2) == ["half", "c", "d"])
        #expect(outdated("d", keep: 2) == ["half", "b", "c"])
        #expect(outdated("d", keep: 1) == ["half", "a", "b", "c"])
        #expect(outdated("a", keep: 9) == ["half"])
    }

    @Test(arguments: [
        ("rsync://host/module", true), ("host:path", true), ("me@host:/srv/iso", true), ("host::module", true),
        ("/srv/iso", false), ("iso", false), ("./a:b", false), ("/srv/a:b", false),
    ])
    func aTargetIsAFolderOrRsyncs(text: String, isRemote: Bool) {
        let publisher = PublishTarget.publisher(text, environment: [:]) { $0 }
        #expect((publisher is RsyncPublisher) == isRemote)
        #expect(publisher.shown == text)
    }

    @Test(arguments: [
        ("-rw-r--r--          1,234 2026/11/28 03:15:02 kldload-a.iso", "kldload-a.iso"),
        ("-rw-r--r--            123 2026/11/28 03:15:02 with a space", "with a space"),
        ("lrwxrwxrwx             20 2026/11/28 03:15:02 latest -> kldload-a.iso", "latest"),
        ("drwxr-xr-x          4,096 2026/11/28 03:15:02 .", "."), ("receiving file list ... done", nil), ("", nil),
    ])
    func listingsOfRsyncAreRead(line: String, name: String?) {
        #expect(RsyncPublisher.name(inListing: line) == name)
    }

    @Test func whatIsPublishedHasOneStem() {
        let names = PublishedFiles.names(of: "kldload-x-1a2b3c4.iso")
        #expect(names.first == "kldload-x-1a2b3c4.iso" && names.allSatisfy { $0.hasPrefix("kldload-x-1a2b3c4.") })
        #expect(
            Set(names).isSuperset(of: [
                "kldload-x-1a2b3c4.md", "kldload-x-1a2b3c4.lock", "kldload-x-1a2b3c4.iso.sha256",
            ]))
    }
}
