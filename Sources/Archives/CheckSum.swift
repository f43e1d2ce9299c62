private import CLzma

/// Sums that tell whether bytes are still those that were written. They protect from accidents, not from people.
package enum CheckSum {
    /// CRC-64 with the polynomial of ECMA-182, as .xz files have it; some gigabytes a second. `start` is
    /// the sum of what comes before.
    package static func crc64(_ bytes: UnsafeRawBufferPointer, startingWith start: UInt64 = 0) -> UInt64 {
        lzma_crc64(bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, start)
    }
}
