import Primitives

/// A packed tar archive that can't be read to its end, with the place where that was seen.
package struct PackedTarError: UserError, Equatable {
    /// What is wrong; offsets are in bytes.
    package enum Reason: Sendable, Equatable {
        /// It begins otherwise than zstd's frames do (RFC 8878, 3.1.1), with these bytes.
        case foreign([UInt8])
        /// The file ends here, and what is packed does not.
        case cut(at: Int64)
        /// Before this place of the file, in words.
        case damaged(at: Int64, String)
        /// At this place of what is packed, in words.
        case odd(at: Int64, String)
    }

    /// What errors call the file.
    package let name: String
    /// What is wrong with it.
    package let reason: Reason

    package init(_ name: String, _ reason: Reason) {
        self.name = name
        self.reason = reason
    }

    package var what: String {
        switch reason {
        case .foreign(let bytes):
            bytes.isEmpty
                ? "\(name) is empty"
                : "\(name) is not packed with zstd: it begins with the bytes \(Self.hex(bytes))"
        case .cut(let offset): "\(name) is cut off: it ends after \(offset) bytes, in the middle"
        case .damaged(let offset, let detail): "\(name) is damaged before its byte \(offset): \(detail)"
        case .odd(let offset, let detail): "\(name), at byte \(offset) of what is packed in it: \(detail)"
        }
    }

    private static func hex(_ bytes: [UInt8]) -> String { bytes.map(\.hex).joined(separator: " ") }
}
