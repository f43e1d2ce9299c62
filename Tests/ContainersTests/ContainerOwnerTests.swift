import SystemPackage
import Testing

@testable import Containers

@Suite struct ContainerOwnerTests {
    @Test func `this process is alive, and its label reads back`() throws {
        let owner = try ContainerOwner.current()
        #expect(ContainerOwner(label: owner.label) == owner)
        #expect(!owner.isGone(asSeenBy: owner))
    }

    @Test func `a process with the same number that started at another time, or before a reboot, is another`() throws {
        let me = try ContainerOwner.current()
        let earlier = ContainerOwner(
            processID: me.processID, startTime: me.startTime &- 1, bootID: me.bootID, nameSpace: me.nameSpace)
        #expect(earlier.isGone(asSeenBy: me))
        let rebooted = ContainerOwner(
            processID: me.processID, startTime: me.startTime, bootID: "other", nameSpace: me.nameSpace)
        #expect(rebooted.isGone(asSeenBy: me))
    }

    @Test func `a process of another name space is left alone`() throws {
        let me = try ContainerOwner.current()
        let other = ContainerOwner(processID: 1 << 22, startTime: 1, bootID: me.bootID, nameSpace: "pid:[1]")
        #expect(!other.isGone(asSeenBy: me))
        let gone = ContainerOwner(processID: (1 << 22) + 1, startTime: 1, bootID: me.bootID, nameSpace: me.nameSpace)
        #expect(gone.isGone(asSeenBy: me))
    }

    @Test(arguments: ["", "1/2/3", "x/2/b/n", "<no value>"])
    func `a label of somebody else is none`(label: String) { #expect(ContainerOwner(label: label) == nil) }
}
