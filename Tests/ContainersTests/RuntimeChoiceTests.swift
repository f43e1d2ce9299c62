import Primitives
import Testing

@testable import Containers

@Suite struct RuntimeChoiceTests {
    private let limits = """
        Limit                     Soft Limit           Hard Limit           Units
        Max processes             96365                5000                 processes
        Max open files            1024                 20000                files
        Max locked memory         unlimited            unlimited            bytes

        """
    private let status = "Name:\tx\nUid:\t1000\t0\t1000\t1000\nCapEff:\t000001fffeffffff\n"

    @Test func `the host's hard limits and capabilities are read from proc`() {
        let host = HostLimits(limits: limits, status: status)
        #expect(host == HostLimits(openFiles: 20_000, processes: 5000, capabilities: 0x1ff_feff_ffff, userID: 0))
        let none = HostLimits(limits: "Max open files            1024  unlimited  files\n", status: "")
        #expect(none.openFiles == nil)
    }

    @Test func `no limit is above the host's`() {
        let host = HostLimits(limits: limits, status: status)
        #expect(
            ResourceLimits(within: host, openFiles: 65_536, processes: 32_768)
                == .init(openFiles: 20_000, processes: 5000))
        let free = HostLimits(openFiles: nil, processes: nil, capabilities: 0, userID: 0)
        #expect(
            ResourceLimits(within: free, openFiles: 65_536, processes: 32_768)
                == .init(openFiles: 65_536, processes: 32_768))
    }

    @Test(
        arguments: [
            (UInt32(0), UInt64(1) << 27, ["MKNOD"]), (0, 0, []), (1000, 0, ["MKNOD", "AUDIT_WRITE"]),
            (0, .max, ["MKNOD", "AUDIT_WRITE"]),
        ] as [(UInt32, UInt64, [String])])
    func `root adds only capabilities that it has`(user: UInt32, capabilities: UInt64, expected: [String]) {
        let host = HostLimits(openFiles: nil, processes: nil, capabilities: capabilities, userID: user)
        #expect(host.addedCapabilities == expected)
    }

    @Test func `every runtime is tried with usual settings before anything is given up`() {
        let host = HostLimits(openFiles: 20_000, processes: nil, capabilities: 0, userID: 0)
        let candidates = RuntimeChoice.candidates(
            runtimes: [Runtime(name: "crun", argument: nil), Runtime(name: "runc", argument: "runc")], limits: host)
        #expect(
            candidates.map(\.settings) == [
                "crun, nofile 20000, nproc 32768", "runc, nofile 20000, nproc 32768",
                "crun, nofile 1024, nproc 4096", "runc, nofile 1024, nproc 4096",
                "crun, nofile 20000, nproc 32768, no cgroup", "runc, nofile 20000, nproc 32768, no cgroup",
                "crun, podman's own limits", "runc, podman's own limits",
            ])
        #expect(RuntimeChoice.candidates(runtimes: [], limits: host).isEmpty)
    }

    @Test func `the record gives back what was written, on the same host only`() {
        let choice = RuntimeChoice(
            runtime: "runc", name: "runc", limits: .init(openFiles: 3, processes: 4), cgroups: true,
            addedCapabilities: ["MKNOD"])
        var first = choice
        first.name = "crun"
        var second = first
        second.limits = nil
        let explained = choice.explained(after: [
            RuntimeAttempt(choice: first, message: "no\ncgroups"), RuntimeAttempt(choice: second, message: "no"),
        ])
        let here = Digest(of: "here".utf8)
        let back = RuntimeChoice(record: explained.record(fingerprint: here), fingerprint: here)
        #expect(
            back?.explanation
                == "containers run with runc, nofile 3, nproc 4; crun fails here: no cgroups; crun, podman's own limits fails here: no"
        )
        #expect(back?.settings == choice.settings)
        #expect(back?.addedCapabilities == ["MKNOD"])
        #expect(RuntimeChoice(record: choice.record(fingerprint: here), fingerprint: Digest(of: "there".utf8)) == nil)
        let plain = RuntimeChoice(runtime: nil, name: "crun", limits: nil, cgroups: false, addedCapabilities: [])
        #expect(RuntimeChoice(record: plain.record(fingerprint: here), fingerprint: here) == plain)
    }

    @Test(arguments: ["", "nonsense", "kldload-runtime 1\nhost x\n"])
    func `a damaged record is none`(text: String) {
        #expect(RuntimeChoice(record: text, fingerprint: Digest(of: [])) == nil)
    }

    @Test func `a record cut short is none`() {
        let here = Digest(of: [])
        let record = RuntimeChoice(runtime: nil, name: "crun", limits: nil, cgroups: true, addedCapabilities: [])
            .record(fingerprint: here)
        for length in 0..<record.utf8.count {
            #expect(RuntimeChoice(record: String(record.prefix(length)), fingerprint: here) == nil)
        }
    }
}
