/// A member of an archive as its header tells.
package struct ArchiveEntry: Sendable, Equatable {
    /// What a member is, with what only members of its kind have.
    package enum Kind: Sendable, Equatable {
        /// A file with `size` bytes of content.
        case file(size: Int64)
        case directory
        /// A link to the name these bytes spell, relative to the link's folder or absolute.
        case symbolicLink([UInt8])
        /// Another name of an earlier member, whose path these bytes are.
        case hardLink([UInt8])
        case characterDevice(major: UInt32, minor: UInt32)
        case blockDevice(major: UInt32, minor: UInt32)
        case fifo
    }

    /// An extended attribute, such as `security.capability`.
    package struct Attribute: Sendable, Equatable {
        /// With its name space: "security.capability" (xattr(7)).
        package var name: String
        /// Any bytes, not text.
        package var value: [UInt8]

        package init(name: String, value: [UInt8]) {
            self.name = name
            self.value = value
        }
    }

    /// The name as it stands in the archive, for example "./usr/bin/env".
    package var path: [UInt8]
    /// Also says how many bytes of content follow.
    package var kind: Kind
    /// The permission bits, 0o7777.
    package var permissions: UInt16
    /// The owner's number; 0 is root. Names of owners are not read.
    package var user: UInt64
    /// The group's number.
    package var group: UInt64
    /// Seconds since 1970.
    package var modified: Int64
    /// In the order of their names' bytes.
    package var attributes: [Attribute]

    package init(
        path: [UInt8], kind: Kind, permissions: UInt16, user: UInt64 = 0, group: UInt64 = 0, modified: Int64 = 0,
        attributes: [Attribute] = []
    ) {
        self.path = path
        self.kind = kind
        self.permissions = permissions
        self.user = user
        self.group = group
        self.modified = modified
        self.attributes = attributes
    }

    /// The name for people.
    package var displayPath: String { String(decoding: path, as: UTF8.self) }
}
