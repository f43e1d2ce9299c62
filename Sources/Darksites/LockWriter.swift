package import Primitives

/// Writes `deploy.lock`: one line for each fact, sorted, so that `git diff` reads as a changelog.
///
///     version 1
///
///     distribution NAME ARCHITECTURE
///     declaration DIGEST
///     snapshot REPOSITORY SUITE DATE SIZE DIGEST
///     index REPOSITORY SUITE COMPONENT ARCHITECTURE SIZE PATH DIGEST
///     essential NAME VERSION ARCHITECTURE PROFILES SIZE REPOSITORY PATH DIGEST
///     package NAME VERSION ARCHITECTURE PROFILES SIZE REPOSITORY PATH DIGEST
///     built NAME VERSION ARCHITECTURE PROFILES
///
/// What a person compares stands first in a line, what only machines compare last. Fields are separated by one space;
/// PROFILES by commas; sizes are bytes; digests SHA-256 in hexadecimal.
package enum LockWriter {
    /// The version of the format that is written, and the only one that is read.
    package static let version = 1

    /// The text of `lock`: equal for equal locks. Throws where a name or path has a character that no field can hold.
    package static func text(of lock: Lock) throws(Mistake) -> [UInt8] {
        var text = LockText()
        text.append("# What deploy.yaml and package-sets/ resolved to. Written by ./deploy, which keeps to it;\n")
        text.append("# `./deploy update` moves on to newer packages. Commit this file.\n")
        text.append("version \(version)\n")
        for distribution in lock.distributions {
            text.append("\n")
            try text.line(["distribution", distribution.name, distribution.architecture])
            try text.line(["declaration", distribution.declaration.hex])
            for snapshot in distribution.snapshots {
                try text.line([
                    "snapshot", snapshot.repository, snapshot.suite, snapshot.date.description,
                    String(snapshot.size.bytes), snapshot.digest.hex,
                ])
            }
            for index in distribution.indexes {
                try text.line([
                    "index", index.repository, index.suite, index.component, index.architecture,
                    String(index.size.bytes), index.path, index.digest.hex,
                ])
            }
            for package in distribution.packages {
                try text.line([
                    package.isEssential ? "essential" : "package", package.name, package.version, package.architecture,
                    package.profiles.joined(separator: ","), String(package.size.bytes), package.repository,
                    package.path, package.digest.hex,
                ])
            }
            for built in distribution.built {
                try text.line([
                    "built", built.name, built.version, built.architecture, built.profiles.joined(separator: ","),
                ])
            }
        }
        return text.bytes
    }
}

/// Lines of fields.
private struct LockText {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func line(_ fields: [String]) throws(Mistake) {
        for (index, field) in fields.enumerated() {
            guard !field.isEmpty, field.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
                throw Mistake(
                    "\"\(field)\" cannot stand in deploy.lock: it is empty or has a space in it", at: nil,
                    details: ["in: \(fields.joined(separator: " "))"])
            }
            if index > 0 { bytes.append(UInt8(ascii: " ")) }
            bytes.append(contentsOf: field.utf8)
        }
        bytes.append(UInt8(ascii: "\n"))
    }
}
