import ContentStore
import Primitives
import SystemPackage
import Testing

@testable import ContentStore
@testable import Pipeline

/// What is removed, what is taken in, and whose folders are used: nothing that is not proven to be ours.
@Suite struct CleaningTests {
    private let checkout: MadeCheckout

    init() throws { checkout = try MadeCheckout(MadeArchive()) }

    private func files(_ folder: FilePath, _ names: [String: String]) throws {
        try Files.createDirectory(folder)
        for (name, text) in names { try Files.write(text.utf8, to: folder.appending(name)) }
    }

    @Test func ofAnOutputFolderOnlyImagesOfOursAreRemoved() throws {
        let folder = checkout.folder.appending("out")
        let digest = Digest(of: "image".utf8)
        let ours = "kldload-free-\(digest.short).iso"
        let other = "kldload-free-\(Digest(of: "other".utf8).short).iso"
        let foreign = [
            "notes.txt": "x", "kldload-mine.iso": "x", "debian-13.iso": "x",
            "debian-13.iso.sha256": "\(digest.hex)  debian-13.iso\n",
            // Called as ours, and nothing says that it is; and one whose checksum file is about something else.
            "kldload-free-0123456.iso": "x", other: "x", "\(other).sha256": "\(digest.hex)  \(other)\n",
            ".kldload-free.part": "x",
        ]
        try files(folder, foreign)
        try files(
            folder,
            [
                ours: "image", "\(ours).sha256": "\(digest.hex)  \(ours)\n", "\(ours).sha256.asc": "x",
                ".\(ours).part": "x",
            ])
        let result = try PublishedFiles(folder: folder).removeAll()
        #expect(result.images == 1)
        #expect(Set(result.left) == Set(foreign.keys))
        #expect(try Set(Files.list(folder)) == Set(foreign.keys))
    }

    @Test func aFolderThatHoldsMoreCanBeNeitherStoreNorBeCleaned() async throws {
        let home = checkout.folder.appending("home")
        try files(home, ["letter": "x"])
        for folder in [
            "/", checkout.folder.string, checkout.folder.removingLastComponent().string, home.string, "\(home)/..",
        ] {
            let environment = ["HOME": home.string, "DEPLOY_CACHE": folder]
            #expect(throws: SharedCache.self) { _ = try checkout.project(environment: environment) }
            let workspace = Workspace(
                root: checkout.folder,
                surroundings: Surroundings(environment: environment, currentFolder: "/", now: { 0 }, cores: 1))
            #expect(workspace.isShared(FilePath(folder)))
            #expect(!workspace.isShared(home.appending("out")) && !workspace.isShared(checkout.folder.appending("out")))
        }
        try checkout.edit("deploy.yaml", "folder: out", "folder: .")
        let project = try checkout.project()
        await #expect { try await project.clean(output: true) } throws: {
            ($0 as? Mistake)?.what.contains("which holds more than images: nothing was removed") == true
        }
        #expect(Files.exists(project.store.root.appending("blobs")))
    }

    @Test func onlyFoldersCalledAfterAMomentAreLogs() {
        for name in ["20261119-203112", "20261119-203112-test", "20261119-203112-test-2"] {
            #expect(Project.isLogFolder(name))
        }
        for name in [
            "tests", "20261119", "2026111-203112", "20261119-203112-x", "20261119-203112-test-x", "photos-2026",
            "20261119-203112-test-2-3",
        ] {
            #expect(!Project.isLogFolder(name), "\(name)")
        }
    }

    @Test func aStoreOfSomebodyElseOrOfEverybodyIsRefused() throws {
        let cache = checkout.folder.pushing("live-build/cache")
        _ = try checkout.project()
        try Tool.run(["chmod", "777", cache.string])
        #expect { try checkout.project() } throws: { "\($0)".contains("can be written to by every user") }
        try Tool.run(["chmod", "770", cache.string])
        try Tool.run(["chgrp", "65534", cache.string])
        _ = try checkout.project()
        #expect(checkout.notices.contains { $0.contains("can be written to by the group 65534") })
        try Tool.run(["chmod", "755", cache.string])
        try Tool.run(["chown", "65534", cache.string])
        #expect { try checkout.project() } throws: { "\($0)".contains("belongs to somebody else (user 65534)") }
        // Who became root by sudo is the same person.
        _ = try checkout.project(environment: ["SUDO_UID": "65534"])
    }

    @Test(arguments: [
        "includes", "postinstall", "package-sets", "package-sets/debian", "package-sets/debian/core.txt", "deploy.lock",
        "deploy.yaml",
    ])
    func nothingOutsideOfTheFolderIsTakenInUnlessAllowed(path: String) throws {
        let outside = try PrivateFolder()
        try checkout.edit("deploy.yaml", "includes: includes", "includes: includes\n  postinstall: postinstall")
        try files(checkout.folder.appending("postinstall"), ["10-x.sh": "x"])
        _ = try Tool.run(["touch", "\(checkout.folder)/deploy.lock"])
        let place = checkout.folder.pushing(FilePath(path))
        let moved = outside.path.appending("moved")
        try Tool.run(["mv", place.string, moved.string])
        try Tool.run(["ln", "-s", moved.string, place.string])
        let error = #expect(throws: (any Error).self) { try checkout.project() }
        let text = "\(try #require(error))"
        #expect(
            text.contains("leads out of the declaration's folder") && text.contains("--allow-outside \(moved)"),
            "\(text)")
        _ = try checkout.project(allowed: [outside.path])
    }

    @Test func noLineOfAFileOutsideIsShown() throws {
        let outside = try PrivateFolder()
        try files(outside.path, ["shadow": "root:$6$secret:19000:0:::::\n"])
        for (path, climbs) in [
            ("package-sets/debian/core.txt", false), ("deploy.yaml", false), ("package-sets/debian/server.txt", true),
        ] {
            let checkout = try MadeCheckout(checkout.archive)
            let place = checkout.folder.pushing(FilePath(path))
            try Files.remove(place)
            try Tool.run(["ln", "-s", "\(climbs ? "../../../.." : "")\(outside.path)/shadow", place.string])
            let error = #expect(throws: (any Error).self) { try checkout.project() }
            let text = "\(try #require(error))"
            #expect(!text.contains("secret") && text.contains("leads out"), "\(text)")
        }
    }

    @Test func includesByAWayOutsideAreRefusedAndKeysAreNot() throws {
        let outside = try PrivateFolder()
        try files(outside.path, ["x": "x"])
        // The keyring of a made checkout is outside of it, too: read as a key, and as nothing else.
        _ = try checkout.project()
        try checkout.edit("deploy.yaml", "includes: includes", "includes: \(outside.path)")
        #expect { try checkout.project() } throws: { "\($0)".contains("live.includes leads out") }
        _ = try checkout.project(allowed: [outside.path])
    }

    @Test func imagesGoOutOfTheFolderOnlyWhereThatIsAllowed() throws {
        let outside = try PrivateFolder()
        for (folder, place) in [
            ("\(outside.path)/images", "\(outside.path)/images"), ("link/images", "\(outside.path)/images"),
            ("\(outside.path)", "\(outside.path)"), ("../images", "\(checkout.folder.removingLastComponent())/images"),
        ] {
            let checkout = try MadeCheckout(checkout.archive)
            try Tool.run(["ln", "-s", outside.path.string, checkout.folder.appending("link").string])
            try checkout.edit("deploy.yaml", "folder: out", "folder: \"\(folder)\"")
            let error = #expect(throws: (any Error).self) { try checkout.project() }
            #expect(
                "\(try #require(error))".contains("output.folder leads out of the declaration's folder, to"),
                "\(folder)")
            if folder != "../images" {
                #expect("\(try #require(error))".contains("--allow-outside \(place)"), "\(folder)")
                _ = try checkout.project(allowed: [outside.path])
            }
        }
    }

    @Test func withoutAHomeNoKeyIsMadeInTheCheckout() async throws {
        for environment in [["HOME": ""], ["HOME": "relative"], ["HOME": "", "XDG_DATA_HOME": "data"]] {
            let project = try checkout.project(environment: environment.merging(["DEPLOY_KEY": ""]) { $1 })
            await #expect { try await project.signingKey() } throws: { "\($0)".contains("DEPLOY_KEY=/path") }
        }
        #expect(try Files.list(checkout.folder).allSatisfy { ![".local", "relative", "data"].contains($0) })
    }
}
