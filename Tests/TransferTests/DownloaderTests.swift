import Primitives
import Synchronization
import SystemPackage
import Testing

@testable import Transfer

@Suite struct DownloaderTests {
    let mirror: Mirror
    let scratch: Scratch
    let file = TestFile(size: 100_000, seed: 7)

    init() throws {
        mirror = try Mirror()
        scratch = try Scratch()
    }

    @Test func fileArrivesWithDigestSizeAndValidators() async throws {
        var request = scratch.request(file, mirror.url("ok", file))
        request.digest = nil
        request.size = nil
        let got = try await Downloader.impatient().download(request)
        #expect(got.digest == file.digest)
        #expect(got.size == ByteCount(100_000))
        #expect(got.entityTag == "\"tag\"")
        #expect(got.lastModified == "Sat, 21 Nov 2026 00:00:00 GMT")
        #expect(try Files.read(request.destination) == file.bytes)
        #expect(scratch.names == ["100000-7"])
        #expect(try mirror.counters().agents == ["kldload-deploy"])
    }

    @Test func threeHundredFilesShareAtMostEightConnections() async throws {
        let requests = (0..<300).map { seed in
            let file = TestFile(size: 2000 + seed, seed: seed)
            return scratch.request(file, mirror.url("ok", file))
        }
        let seen = Mutex<(order: [Int], reports: [TransferProgress])>(([], []))
        let files = try await Downloader.impatient().download(requests) { report in
            seen.withLock { $0.reports.append(report) }
        } finished: { file in
            seen.withLock { $0.order.append(file.index) }
        }
        #expect(files.map(\.index) == Array(0..<300))
        #expect(seen.withLock { $0.order.sorted() } == Array(0..<300))
        #expect(seen.withLock { Set(files.map(\.digest)).count == 300 && $0.order.count == 300 })
        let total = requests.reduce(ByteCount.zero) { $0 + ($1.size ?? .zero) }
        #expect(
            seen.withLock { $0.reports.last }
                == TransferProgress(bytesDone: total, bytesTotal: total, filesDone: 300, filesTotal: 300))
        let counters = try mirror.counters()
        #expect(counters.connections <= 8)
        #expect(counters.requests == 300)
    }

    /// A name that nobody can look up, so that only the proxy can have answered.
    @Test func whatHasAProxyIsAskedForThere() async throws {
        let address = mirror.url("ok", file)
        let host = address.split(separator: "/")[1]
        let elsewhere = address.replacing(host, with: "archive.invalid")
        let downloader = Downloader.impatient {
            $0.proxies = ["http://archive.invalid": "http://\(host)", "http://127.0.0.1": "http://x.invalid"]
        }
        #expect(try await downloader.download(scratch.request(file, elsewhere)).digest == file.digest)
        // Another host, another name that only begins alike: no proxy.
        #expect(try await downloader.download(scratch.request(file, address)).digest == file.digest)
        let unknown = scratch.request(file, elsewhere.replacing("invalid", with: "invalid2"))
        let failed = try await errors(downloader, [unknown])
        #expect(failed.isNoNetwork)
    }

    /// From apt's files or from netrc(5); never in an address, so that no message can show it.
    @Test func aServerThatAsksGetsUserAndPassword() async throws {
        let url = mirror.url("login", file)
        let failed = try await errors(.impatient(), [scratch.request(file, url)])
        #expect(failed.files.first?.sources.first?.reason == .status(401))
        #expect(failed.hint?.contains("~/.netrc") == true)
        let login = try #require(Login(machine: "http://127.0.0.1", user: "u", password: "p%w"))
        let other = try #require(Login(machine: "127.0.0.1", user: "u", password: "p%w"))
        #expect(!other.isFor(url), "without a scheme, https is meant")
        #expect(login.isFor(url) && !login.isFor("http://127.0.0.2/x") && !login.isFor("http://me@127.0.0.1/x"))
        let part = try #require(Login(machine: "http://127.0.0.1/sub", user: "u", password: "p"))
        #expect(part.isFor("http://127.0.0.1:80/sub/x") && !part.isFor("http://127.0.0.1/other/x"))
        let got = try await Downloader.impatient { $0.logins = [other, login] }.download(scratch.request(file, url))
        #expect(got.digest == file.digest && !got.url.contains("p%w"))
        let netrc = scratch.path.appending("netrc")
        try Files.write("machine 127.0.0.1 login u password p%w\n".utf8, to: netrc)
        let again = TestFile(size: 500, seed: 3)
        #expect(
            try await Downloader.impatient { $0.netrc = netrc.string }
                .download(scratch.request(again, mirror.url("login", again))).digest == again.digest)
    }

    @Test(arguments: ["flaky", "halfonce", "unsaid", "moved"])
    func passingTroubleHeals(_ behaviour: String) async throws {
        let got = try await Downloader.impatient().download(scratch.request(file, mirror.url(behaviour, file)))
        #expect(got.digest == file.digest)
        #expect(try Files.read(got.destination) == file.bytes)
    }

    /// Who wants to know whether somebody on the way had a say needs to know of every redirect.
    @Test func everyAddressThatAnsweredIsKnown() async throws {
        let moved = mirror.url("moved", file)
        let got = try await Downloader.impatient().download(scratch.request(file, moved))
        #expect(got.hops == [moved, mirror.url("ok", file)])
        #expect(got.url == got.hops.last)
    }

    /// A server that sends a few bytes now and then is quick enough for ever; a small file has a time for all of it.
    @Test func aFileThatTricklesInIsGivenUp() async throws {
        let slow = TestFile(size: 100_000, seed: 9)
        var request = scratch.request(slow, mirror.url("drip", slow))
        request.deadline = .milliseconds(600)
        let clock = ContinuousClock()
        let time = try await clock.measure {
            let downloader = Downloader.impatient { $0.stallRate = ByteCount(1) }
            let failed = try await errors(downloader, [request])
            let source = try #require(failed.files.first?.sources.first)
            #expect(source.reason.description.hasPrefix("not there after 0.6 s, with"), "\(source.reason)")
            #expect(source.tries == 1)
        }
        // All of it would take more than eight minutes.
        #expect(time < .seconds(120))
    }

    @Test func retryAfterIsWaitedForWithinItsBound() async throws {
        let clock = ContinuousClock()
        let full = try await clock.measure {
            _ = try await Downloader.impatient().download(scratch.request(file, mirror.url("busy", file)))
        }
        #expect(full > .milliseconds(1900))
        let other = TestFile(size: 1000, seed: 1)
        let bounded = try await clock.measure {
            let downloader = Downloader.impatient { $0.retries.longestRetryAfter = .milliseconds(100) }
            _ = try await downloader.download(scratch.request(other, mirror.url("busy", other)))
        }
        #expect(bounded < .milliseconds(1900))
    }

    @Test(
        arguments: [
            ("404", "HTTP status 404 (not found)", 1), ("403", "HTTP status 403 (forbidden)", 1),
            ("410", "HTTP status 410 (gone)", 1), ("500", "HTTP status 500 (internal server error)", 3),
            ("half", "the connection ended after", 3), ("longer", "wrong size: 200000 bytes, expected 100000", 1),
            ("endless", "longer than the limit of 100000 bytes", 1), ("loop", "too many redirects", 1),
            ("wrong", "wrong digest: sha256:", 1), ("never", "connected, but no answer for 0.4 s", 3),
            ("drip", "stalled for 0.4 s after", 3), ("hang", "stalled for 0.4 s after 0 B", 3),
        ])
    func lastingTroubleIsToldAndTheNextMirrorTaken(_ behaviour: String, _ words: String, _ tries: Int) async throws {
        let bad = mirror.url(behaviour, file)
        let stalls = ["never", "drip", "hang"].contains(behaviour)
        let downloader = Downloader.impatient { if stalls { $0.stallTime = .milliseconds(400) } }
        let failed = try await errors(downloader, [scratch.request(file, bad)])
        let source = try #require(failed.files.first?.sources.first)
        #expect(source.url == bad)
        #expect(source.tries == tries)
        #expect(source.reason.description.hasPrefix(words), "\(source.reason)")
        #expect(failed.what == "cannot download file-7")
        #expect(!failed.isNoNetwork)
        #expect(!Files.exists(scratch.path.appending("100000-7")))

        let got = try await downloader.download(
            scratch.request(file, mirror.url(behaviour, file), mirror.otherURL("ok", file)))
        #expect(got.digest == file.digest)
        #expect(got.url == mirror.otherURL("ok", file))
        #expect(try Files.read(got.destination) == file.bytes)
    }

    @Test func silentMirrorIsWaitedForOnceNotForEachFile() async throws {
        let requests = (0..<60).map { seed in
            let file = TestFile(size: 1000, seed: seed)
            return scratch.request(file, mirror.url("never", file), mirror.otherURL("ok", file))
        }
        let downloader = Downloader.impatient { $0.stallTime = .milliseconds(400) }
        let files = try await downloader.download(requests)
        #expect(files.count == 60)
        #expect(try mirror.counters().requests <= 8 + 60)
    }

    @Test func onePathThatHangsDoesNotCondemnItsHost() async throws {
        let requests = (0..<30).map { seed in
            let file = TestFile(size: 1000, seed: seed)
            return scratch.request(file, mirror.url(seed == 0 ? "never" : "ok", file))
        }
        let downloader = Downloader.impatient {
            $0.stallTime = .milliseconds(400)
            $0.connections = 2
        }
        let failed = try await errors(downloader, requests)
        #expect(failed.files.map(\.index) == [0])
        #expect(failed.unfinished == 0)
    }

    @Test func allFailuresComeTogether() async throws {
        let requests = (0..<20).map { seed in
            let file = TestFile(size: 1000, seed: seed)
            return scratch.request(file, mirror.url(seed % 4 == 0 ? "404" : "ok", file), mirror.url("wrong", file))
        }
        let failed = try await errors(.impatient(), requests)
        #expect(failed.files.map(\.index) == [0, 4, 8, 12, 16])
        #expect(failed.what == "cannot download 5 of 20 files")
        #expect(failed.files.allSatisfy { $0.sources.count == 2 })
        #expect(failed.unfinished == 0)
        #expect(scratch.names.count == 15)
    }

    @Test func othersAreNotWaitedForBeyondTheGrace() async throws {
        let slow = TestFile(size: 100_000, seed: 1)
        let downloader = Downloader.impatient {
            $0.grace = .milliseconds(300)
        }
        let failed = try await errors(
            downloader,
            [scratch.request(file, mirror.url("404", file)), scratch.request(slow, mirror.url("drip", slow))])
        #expect(failed.files.map(\.name) == ["file-7"])
        #expect(failed.unfinished == 1)
        #expect(failed.details.last == "1 other file was not waited for")
    }

    @Test(arguments: ["http://127.0.0.1:1", "http://mirror.invalid"])
    func machineWithoutNetworkIsToldSo(_ address: String) async throws {
        let requests = (0..<40).map { seed in
            let file = TestFile(size: 1000, seed: seed)
            return scratch.request(file, "\(address)/\(seed)")
        }
        let failed = try await errors(.impatient(), requests)
        #expect(failed.isNoNetwork)
        #expect(failed.what == "cannot download any of 40 files: no server could be reached")
        #expect(failed.hint?.contains("http_proxy") == true)
        #expect(failed.hint?.contains("file:///") == true)
        #expect(failed.details.count == 4)
    }

    @Test func foldersAndFileAddressesAreMirrors() async throws {
        let folder = scratch.path.appending("a folder+100%#?ö")
        try Files.createDirectory(folder)
        let there = folder.appending("x_1%3a2~.deb")
        try Files.write(file.bytes, to: there)
        var request = scratch.request(file, "/nowhere/x", there.string)
        try Files.write(file.bytes.prefix(40_000), to: FilePath(request.destination.string + ".part"))
        let got = try await Downloader.impatient().download(request)
        #expect(got.digest == file.digest)
        #expect(got.url.hasSuffix("/a%20folder%2B100%25%23%3F%C3%B6/x_1%253a2~.deb"))
        #expect(try Files.read(got.destination) == file.bytes)

        request.sources = ["/nowhere/x", "file:///nowhere/y"]
        let failed = try await errors(.impatient(), [request])
        #expect(failed.isMissing)
        #expect(failed.files.first?.sources.map(\.url) == ["file:///nowhere/x", "file:///nowhere/y"])
    }

    @Test func errorOfTheReceiverStopsTheRest() async throws {
        struct Refusal: Error {}
        let slow = TestFile(size: 100_000, seed: 1)
        let requests = [
            scratch.request(file, mirror.url("ok", file)), scratch.request(slow, mirror.url("never", slow)),
        ]
        let clock = ContinuousClock()
        let downloader = Downloader.impatient()
        let time = await clock.measure {
            await #expect(throws: Refusal.self) {
                try await downloader.download(requests, finished: { _ in throw Refusal() })
            }
        }
        #expect(time < .seconds(5))
    }

    @Test func oneDestinationForTwoIsRefused() async throws {
        let request = scratch.request(file, mirror.url("ok", file))
        await #expect(throws: FileError.self) { try await Downloader().download([request, request]) }
    }
}
