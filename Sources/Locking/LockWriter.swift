import Packages
package import Primitives

/// Writes `deploy.lock`: one line for each fact, sorted, so that `git diff` reads as a changelog.
/// `LockLine` names the kinds of lines and their fields.
///
/// What a person compares stands first in a line, what only machines compare last. Fields are separated by one space;
/// items of lists by commas; sizes are bytes; digests SHA-256 in hexadecimal; KEYRING is a digest, `unsigned`,
/// or of a repository of the user's own files `files:` and their digest; PLACE counts from 1, because the order matters. PATH is below the repository, with spaces and percent signs percent-encoded; that of an RPM
/// package may begin with `../`, or be an address. Of a flat repository COMPONENTS is `-`, and so are COMPONENT and ARCHITECTURE of
/// its indexes. Of an RPM repository, MODULES is `module-hotfixes` or `-`, EXCLUDES a list or `-`, TRUST what
/// vouches for repomd.xml: a digest of keys, `metalink`, `unsigned` or `files:DIGEST`, and KEYS the digest of the packages' keys or `unsigned`;
/// the platform of its modules is CODENAME, its SUITE `-`. The lines up to `rpm-repository`, and `want`, are what was asked for, the others what it came to.
/// SEAL is described at `LockSeal`. Several snapshots of one suite come from an update of single packages.
package enum LockWriter {
    /// The version of the format that is written. Older ones are read, too: 3 had no FAMILY, which its lines tell; 2 had
    /// paths as they are and no `files:`, and 1, in the place of what was asked for, a digest of it, so that such a section counts as
    /// stale.
    package static let version: Int64 = 4

    /// `text` with what no field can hold percent-encoded, and each percent sign.
    static func encoded(_ text: String) -> String {
        PercentEncoding.encode(text) { isUnfit($0) || $0 == UInt8(ascii: "%") }
    }

    /// Whether no field can hold a byte.
    static func isUnfit(_ byte: UInt8) -> Bool { byte <= 0x20 || byte == 0x7F }

    /// The text of `lock`: equal for equal locks. Throws where a name or path has a character that no field can hold.
    package static func text(of lock: Lock) throws(Mistake) -> [UInt8] {
        var text = LockText()
        text.append("# What deploy.yaml and package-sets/ resolved to. Written by ./deploy, which keeps to it;\n")
        text.append("# `./deploy update` moves on to newer packages. Commit this file.\n")
        text.append("version \(version)\n")
        for distribution in lock.distributions {
            text.append("\n")
            try text.line(.distribution, [distribution.name, distribution.family.rawValue, distribution.architecture])
            if let asked = distribution.asked { try write(asked, to: &text) }
            for snapshot in distribution.snapshots {
                try text.line(
                    .snapshot,
                    [
                        snapshot.repository, snapshot.suite ?? Self.none, snapshot.date.description,
                        String(snapshot.size.bytes), snapshot.digest.hex,
                    ])
            }
            for index in distribution.indexes {
                try text.line(
                    .index,
                    [
                        index.repository, index.suite ?? Self.none, index.component ?? Self.none,
                        index.architecture ?? Self.none,
                        String(index.size.bytes), encoded(index.path), index.digest.hex,
                    ])
            }
            let seals = LockSeal.all(of: distribution)
            for profile in distribution.profiles {
                guard let seal = seals[profile] else { continue }
                try text.line(.profile, [profile, String(seal.count), String(seal.size.bytes), seal.mark])
                for wish in distribution.asked?.wishes(of: profile) ?? [] { try text.line(.want, [profile, wish]) }
            }
            for package in distribution.packages {
                try text.line(
                    package.isEssential ? .essential : .package,
                    [
                        package.name, package.version, package.architecture,
                        package.profiles.joined(separator: ","), String(package.size.bytes), package.repository,
                        encoded(package.path), package.digest.hex,
                    ])
            }
            for built in distribution.built {
                try text.line(
                    .built,
                    [
                        built.name, built.version, built.architecture, built.profiles.joined(separator: ","),
                    ])
            }
        }
        return text.bytes
    }

    private static func write(_ asked: LockedRequest, to text: inout LockText) throws(Mistake) {
        try text.line(.release, [asked.release, asked.codename])
        switch asked.source {
        case .apt(let request): try write(request, to: &text)
        case .rpm(let request): try write(request, to: &text)
        }
    }

    private static func write(_ asked: LockedAPTRequest, to text: inout LockText) throws(Mistake) {
        if !asked.foreignArchitectures.isEmpty {
            try text.line(.foreign, [asked.foreignArchitectures.joined(separator: ",")])
        }
        for (index, repository) in asked.repositories.enumerated() {
            try text.line(
                .repository,
                [
                    String(index + 1), repository.name, repository.suites.joined(separator: ","),
                    repository.components.isEmpty ? none : repository.components.joined(separator: ","),
                    repository.keyring?.hex ?? repository.files.map { files + $0.hex } ?? unsigned,
                ])
        }
        for (index, pin) in asked.pins.enumerated() {
            try text.line(
                .pin,
                [
                    String(index + 1), String(pin.priority), pin.packages.joined(separator: ","), pin.target,
                ])
        }
    }

    private static func write(_ rpm: LockedRPMRequest, to text: inout LockText) throws(Mistake) {
        if !rpm.excludes.isEmpty { try text.line(.excludes, [rpm.excludes.joined(separator: ",")]) }
        if !rpm.modules.isEmpty { try text.line(.modules, [rpm.modules.joined(separator: ",")]) }
        for (index, repository) in rpm.repositories.enumerated() {
            try text.line(.rpmRepository, [String(index + 1)] + repository.fields)
        }
    }

    static let unsigned = "unsigned"
    /// What stands before the digest of the files of a repository of the user's own.
    static let files = "files:"
    /// In the place of an empty list, and of what is not there.
    static let none = "-"
}

/// Lines of fields.
private struct LockText {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func line(_ kind: LockLine, _ fields: [String]) throws(Mistake) {
        append(kind.rawValue)
        for field in fields {
            guard !field.isEmpty, !field.utf8.contains(where: LockWriter.isUnfit) else {
                throw Mistake(
                    "\"\(field)\" cannot stand in deploy.lock: it is empty or has a space in it", at: nil,
                    details: ["in: \(kind.rawValue) \(fields.joined(separator: " "))"])
            }
            bytes.append(UInt8(ascii: " "))
            bytes.append(contentsOf: field.utf8)
        }
        bytes.append(UInt8(ascii: "\n"))
    }
}
