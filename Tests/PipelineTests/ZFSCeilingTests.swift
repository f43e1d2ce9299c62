import ContentStore
import Darksites
import Locking
import Primitives
import Testing

@testable import ContentStore
@testable import Pipeline

/// What OpenZFS says of kernels in its package is known before anything is built.
@Suite struct ZFSCeilingTests {
    private let archive: MadeArchive
    private let checkout: MadeCheckout
    private static let package = "pool/main/z/zfs-dkms/zfs-dkms_2.3.9-1_amd64.deb"

    init() throws {
        archive = try MadeArchive()
        checkout = try MadeCheckout(archive)
        try checkout.set("core", "zfs-dkms")
    }

    private func lock() async throws -> LockedDistribution {
        try #require(try await LockKeeper(project: checkout.project()).current()["debian"])
    }

    @Test func theCeilingIsReadFromThePackageOnce() async throws {
        let locked = try await lock()
        #expect(locked.packages(of: "core").contains { $0.name == "linux-image-6.12.1-amd64" })
        #expect(try archive.requests().filter { $0.hasPrefix("pool/") } == [Self.package])
        // Another resolution of the same snapshot opens nothing.
        try checkout.set("core", "zfs-dkms", "curl")
        try Files.remove(
            checkout.project().store.path(of: locked.packages.first { $0.name == "zfs-dkms" }?.digest ?? .init(of: [])))
        _ = try await lock()
        #expect(try archive.requests() == [])
    }

    @Test func nobodyPaysForItWhoHasNoZFS() async throws {
        try checkout.set("core", "curl")
        _ = try await lock()
        #expect(try archive.requests().allSatisfy { $0.hasPrefix("dists/") })
    }

    @Test func aKernelAboveItIsAnErrorBeforeAnythingIsLocked() async throws {
        try archive.moveOn()
        let error = try await checkout.resolutionErrors()
        #expect(
            error.contains(
                "package-sets/debian/base.txt:1:1: zfs 2.4.0-1 supports kernels up to 6.11; the newest kernel for "
                    + "\"linux-image-amd64\" is 6.12.1-amd64"), "\(error)")
        #expect(error.contains("declare a suite that has an older kernel"))
        #expect(!Files.exists(checkout.lockFile))
    }

    @Test func aPackageThatDoesNotArriveIsSaidToBe() async throws {
        try archive.misbehave(("wrong", "*/zfs-dkms_*.deb"))
        let error = try await checkout.resolutionErrors()
        #expect(error.contains("zfs-dkms_2.3.9-1_amd64.deb") && error.contains("wrong digest"), "\(error)")
    }
}
