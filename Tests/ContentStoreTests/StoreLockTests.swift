import Primitives
import Synchronization
import SystemPackage
import Testing

@testable import ContentStore

#if canImport(Glibc)
import Glibc
#endif

@Suite struct StoreLockTests {
    let folder: StoreFolder

    init() throws { folder = try StoreFolder() }

    /// A process of flock(1), from util-linux, that holds the lock and says so by making a file.
    private func startHolder() async throws -> pid_t {
        let sign = folder.root.appending("held").string
        let words = [
            "flock", folder.store.root.appending("lock").string, "sh", "-c", "echo > '\(sign)'; exec sleep 60",
        ]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        // A group of its own, so that all of it can be killed.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        defer { posix_spawnattr_destroy(&attributes) }
        var process: pid_t = 0
        try #require(posix_spawnp(&process, "flock", nil, &attributes, &arguments, environ) == 0)
        while !Files.exists(FilePath(sign)) { try await Task.sleep(for: .milliseconds(10)) }
        return process
    }

    private func kill(_ process: pid_t) {
        Glibc.kill(-process, SIGKILL)
        var status: Int32 = 0
        waitpid(process, &status, 0)
    }

    @Test func aFreeLockIsTakenWithoutAWord() async throws {
        var isSaid = false
        let lock = try await folder.store.lock(owner: "me\n") { _ in isSaid = true }
        #expect(!isSaid)
        #expect(try Files.readText(folder.store.root.appending("lock")) == "me\n")
        withExtendedLifetime(lock) {}
    }

    private final class Notes: Sendable {
        let said = Mutex<[String]>([])
        let isFree = Mutex(false)
    }

    @Test(.timeLimit(.minutes(10))) func waitsForAnotherHolderAndSaysWhoOnce() async throws {
        let store = folder.store
        let notes = Notes()
        let waiter: Task<Bool, any Error>
        do {
            let lock = try await store.lock(owner: "the first, with a long name\n") { _ in }
            waiter = Task {
                let second = try await store.lock(owner: "second\n") { holder in
                    notes.said.withLock { $0.append(holder) }
                }
                let wasFree = notes.isFree.withLock { $0 }
                withExtendedLifetime(second) {}
                return wasFree
            }
            try await Task.sleep(for: .milliseconds(350))
            notes.isFree.withLock { $0 = true }
            withExtendedLifetime(lock) {}
        }
        #expect(try await waiter.value, "it must not get the lock before it is free")
        #expect(notes.said.withLock { $0 } == ["the first, with a long name\n"])
        #expect(try Files.readText(store.root.appending("lock")) == "second\n")
    }

    @Test(.timeLimit(.minutes(10))) func isFreeOnceItsHolderIsKilled() async throws {
        let holder = try await startHolder()
        let waits = Mutex(0)
        let store = folder.store
        let waiter = Task {
            let lock = try await store.lock(owner: "next\n") { _ in waits.withLock { $0 += 1 } }
            withExtendedLifetime(lock) {}
        }
        while waits.withLock({ $0 }) == 0 { try await Task.sleep(for: .milliseconds(10)) }
        kill(holder)
        try await waiter.value
        #expect(waits.withLock { $0 } == 1)
    }

    @Test(.timeLimit(.minutes(10))) func waitingCanBeCancelled() async throws {
        let holder = try await startHolder()
        defer { kill(holder) }
        let store = folder.store
        let isWaiting = Mutex(false)
        let waiter = Task {
            let lock = try await store.lock(owner: "next\n") { _ in isWaiting.withLock { $0 = true }
            }
            withExtendedLifetime(lock) {}
        }
        while !isWaiting.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(10)) }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
    }
}
