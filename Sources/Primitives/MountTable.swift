package import SystemPackage

/// A file system that is mounted: a line of proc_pid_mountinfo(5).
package struct Mount: Hashable, Sendable {
    /// "8:17"; of some file systems a number that no device has.
    package let number: String
    /// The folder that it is at.
    package let place: String
    /// "ext4", "tmpfs"
    package let kind: String
    /// What it was mounted from: a device, a server's folder, or only a name.
    package let source: String
}

extension Proc {
    /// All that is mounted where this process sees it, in the kernel's order: what hides another comes after it. Throws `FileError`.
    package func mounts() throws(FileError) -> [Mount] {
        // Number in the third field, place in the fifth; kind and source behind "-", which optional fields end with.
        try text("self/mountinfo").split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 4, let dash = fields.firstIndex(of: "-"), dash + 2 < fields.count else { return nil }
            return Mount(
                number: String(fields[2]), place: Self.unescaped(fields[4]), kind: String(fields[dash + 1]),
                source: Self.unescaped(fields[dash + 2]))
        }
    }

    /// What is mounted at `folder`, or nearest above it; nil where the table has nothing of that kind. `folder` is a real path.
    /// Throws `FileError`.
    package func mount(holding folder: FilePath) throws(FileError) -> Mount? {
        // Of several at one place, the last hides the others.
        var nearest: Mount?
        for mount in try mounts() where folder.starts(with: FilePath(mount.place)) {
            if let known = nearest, known.place.utf8.count > mount.place.utf8.count { continue }
            nearest = mount
        }
        return nearest
    }

    /// As the kernel wrote it: blanks, tabs, line ends and backslashes stand in its tables as three octal digits.
    package static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3,
                let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
