#if canImport(Glibc)
private import Glibc
#endif

/// Numbers that are all 0 at first. However many they are, only the pages that are written to take memory and time.
final class ZeroedNumbers {
    private let numbers: UnsafeMutableBufferPointer<Int32>

    init(count: Int) {
        // calloc(3) of much memory gives pages that the kernel makes when they are touched.
        guard let memory = calloc(max(count, 1), MemoryLayout<Int32>.stride) else {
            preconditionFailure("out of memory")
        }
        numbers = UnsafeMutableBufferPointer(start: memory.bindMemory(to: Int32.self, capacity: count), count: count)
    }

    deinit { free(numbers.baseAddress) }

    @inline(__always)
    subscript(index: Int) -> Int32 {
        get {
            precondition(index >= 0 && index < numbers.count, "no such number")
            return numbers[index]
        }
        set {
            precondition(index >= 0 && index < numbers.count, "no such number")
            numbers[index] = newValue
        }
    }
}
