private import Synchronization

#if canImport(Glibc)
private import Glibc
#endif

/// A few buffers between a thread that fills them and one that empties them.
final class PieceRing: @unchecked Sendable {
    // Unchecked: a buffer belongs to one of the two threads at a time, which the semaphores see to.
    static let pieceSize = 256 << 10
    private static let count = 4

    private let buffers: [UnsafeMutableRawBufferPointer]
    private var sizes = [Int](repeating: 0, count: PieceRing.count)
    private let free: UnsafeMutablePointer<sem_t>
    private let filled: UnsafeMutablePointer<sem_t>
    private let isCancelled = Atomic(false)
    private var putPlace = 0
    private var takePlace = 0
    private var error: (any Error)?

    private static let end = -1

    init() {
        buffers = (0..<PieceRing.count).map { _ in
            UnsafeMutableRawBufferPointer.allocate(byteCount: PieceRing.pieceSize, alignment: 16)
        }
        free = .allocate(capacity: 1)
        filled = .allocate(capacity: 1)
        sem_init(free, 0, UInt32(PieceRing.count))
        sem_init(filled, 0, 0)
    }

    deinit {
        for buffer in buffers { buffer.deallocate() }
        sem_destroy(free)
        sem_destroy(filled)
        free.deallocate()
        filled.deallocate()
    }

    private static func wait(_ semaphore: UnsafeMutablePointer<sem_t>) {
        while sem_wait(semaphore) != 0 {}  // interrupted by a signal
    }

    /// Waits for room, and copies `bytes` into it; false where nobody takes any more.
    func put(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var start = 0
        while start < bytes.count {
            Self.wait(free)
            if isCancelled.load(ordering: .acquiring) { return false }
            let size = min(bytes.count - start, Self.pieceSize)
            buffers[putPlace].copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + size]))
            sizes[putPlace] = size
            putPlace = (putPlace + 1) % Self.count
            start += size
            sem_post(filled)
        }
        return true
    }

    /// Says that nothing follows, or what went wrong.
    func finish(_ error: (any Error)?) {
        Self.wait(free)
        self.error = error
        sizes[putPlace] = Self.end
        sem_post(filled)
    }

    /// The next piece, valid until the next call; nil at the end, whatever ended it.
    func nextPiece() -> UnsafeRawBufferPointer? { try? next() }

    /// The next piece, valid until the next call; nil at the end. Throws what `finish` was told.
    func next() throws -> UnsafeRawBufferPointer? {
        if hasTaken { sem_post(free) }
        hasTaken = false
        Self.wait(filled)
        let size = sizes[takePlace]
        guard size != Self.end else {
            if let error { throw error }
            return nil
        }
        let piece = UnsafeRawBufferPointer(rebasing: buffers[takePlace][..<size])
        takePlace = (takePlace + 1) % Self.count
        hasTaken = true
        return piece
    }
    private var hasTaken = false

    /// Lets the filling thread come to its end.
    func cancel() {
        isCancelled.store(true, ordering: .releasing)
        for _ in 0...Self.count { sem_post(free) }
    }
}
