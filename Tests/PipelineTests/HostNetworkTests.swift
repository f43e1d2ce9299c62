import BuildGraph
import Primitives
import Synchronization
import SystemPackage
import Testing
import Transfer

@testable import Pipeline

#if canImport(Glibc)
import Glibc
#endif

/// What a host says of the way to its mirrors is asked when something is fetched, and once.
@Suite final class HostNetworkTests: Sendable {
    private let folder: FilePath
    private let told = Mutex<[String]>([])

    init() throws {
        folder = FilePath("/tmp/host-network-\(getpid())-\(UInt64.random(in: 0...UInt64.max))")
        try Files.createDirectory(folder.appending("apt"))
    }

    deinit { try? Files.remove(folder) }

    // Beside hundreds of other tests a program of two lines takes a while to be started.
    private func network(_ environment: [String: String] = [:], patience: Duration = .seconds(300)) -> HostNetwork {
        HostNetwork(
            Surroundings(
                environment: environment, currentFolder: "/", now: { 0 }, cores: 1, aptFolder: folder.appending("apt")),
            patience: patience
        ) { event in
            if case .warning(let text) = event { self.told.withLock { $0.append(text) } }
        }
    }

    private func program(_ name: String, _ script: String) throws -> String {
        let (written, path) = (folder.appending("\(name).new"), folder.appending(name))
        try Files.write("#!/bin/sh\n\(script)\n".utf8, to: written)
        // Made by another process: what this one has open for writing, a child of another test may have, too (ETXTBSY).
        try Tool.run(["install", "-m", "755", written.string, path.string])
        return path.string
    }

    @Test func aProgramOfAptIsAskedOnceForEachAddress() async throws {
        let detect = try program(
            "detect",
            "echo \"$1\" >> \(folder)/asked; case $1 in *direct*) echo DIRECT;; *none*) ;; *) echo http://p.example:1;; esac"
        )
        let network = network()
        let general = APTProxies.Choice.server("http://general.example")
        func choices(_ names: String...) -> [String: APTProxies.Choice] {
            Dictionary(
                uniqueKeysWithValues: names.map { ("http://\($0)/debian", .program(detect, otherwise: general)) })
        }
        for _ in 0..<2 {
            let options = await network.options(choices("a", "direct", "none"))
            #expect(
                options.proxies == [
                    "http://a/debian": "http://p.example:1", "http://direct/debian": "",
                    "http://none/debian": "http://general.example",
                ])
        }
        let asked = try Files.readText(folder.appending("asked")).split(separator: "\n").sorted()
        #expect(asked == ["http://a/debian", "http://direct/debian", "http://none/debian"])
        #expect(told.withLock { $0 } == [])
    }

    @Test func aProgramThatFailsIsToldAndLeftOut() async throws {
        let odd = try program("odd", "echo something else")
        let options = await network().options([
            "http://a": .program("/nonexistent/x", otherwise: .environment),
            "http://b": .program(odd, otherwise: .server("http://g.example")),
        ])
        #expect(options.proxies == ["http://b": "http://g.example"])
        let lines = told.withLock { $0.sorted() }
        #expect(lines.count == 2 && lines[0].hasPrefix("/nonexistent/x, which apt asks"), "\(lines)")
    }

    @Test func aProgramThatGivesNoAnswerInTimeIsLeftOut() async throws {
        let slow = try program("slow", "exec sleep 600")
        let options = await network(patience: .seconds(1)).options([
            "http://a": .program(slow, otherwise: .server("http://g.example"))
        ])
        #expect(options.proxies == ["http://a": "http://g.example"])
        #expect(told.withLock { $0 }.first?.contains("or gave no answer within 1 s") == true)
    }

    @Test func usersAndCertificatesComeFromWhereAptAndCurlHaveThem() async throws {
        try Files.createDirectory(folder.appending("apt/auth.conf.d"))
        try Files.write("machine a.example login u password p".utf8, to: folder.appending("apt/auth.conf.d/x.conf"))
        try Files.write("machine b.example login u password p".utf8, to: folder.appending("apt/auth.conf.d/x.bak"))
        try Files.write("".utf8, to: folder.appending(".netrc"))
        let options = await network([
            "HOME": folder.string, "SSL_CERT_FILE": "/ca.pem", "CURL_CA_BUNDLE": "", "SSL_CERT_DIR": "/certs",
        ]).options([:])
        #expect(options.logins.count == 1)
        #expect(options.netrc == folder.appending(".netrc").string)
        #expect(options.certificates == "/ca.pem" && options.certificateFolder == "/certs")
        let nothing = await network(["CURL_CA_BUNDLE": "/b.pem", "SSL_CERT_FILE": "/ca.pem"]).options([:])
        #expect(nothing.netrc == nil && nothing.certificates == "/b.pem" && nothing.certificateFolder == nil)
    }
}
