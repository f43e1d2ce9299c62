import Primitives

/// What a source package tells of its versions, deb-changelog(5), the newest first.
package struct DebianChangelog: Hashable, Sendable {
    /// What is told of one version.
    package struct Entry: Hashable, Sendable {
        /// Of the source package: "3.5.4-1~deb13u4".
        package let version: DebianVersion
        /// The suites that it was uploaded to: "trixie-security".
        package let suites: [String]
        /// The CVE numbers that it names, each once, in the order of the text: "CVE-2026-28387".
        package let vulnerabilities: [String]

        /// Whether it went into the archive by way of a security suite.
        package var isSecurityUpload: Bool { suites.contains { $0.hasSuffix("-security") } }
    }

    /// As they stand in the file, never empty.
    package let entries: [Entry]

    /// The changelog in `bytes`; nil where they do not begin as one: an upstream author's changelog may have any form. After the
    /// first heading, what is neither a heading nor the text below one is passed over, as dpkg-parsechangelog(1) does with what old
    /// tools left at the ends of such files.
    package init?(_ bytes: [UInt8]) {
        var entries: [Entry] = []
        var heading: (version: DebianVersion, suites: [String])?
        var vulnerabilities: [String] = []
        func finish() {
            guard let heading else { return }
            entries.append(
                Entry(version: heading.version, suites: heading.suites, vulnerabilities: vulnerabilities))
        }
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            if let next = Self.heading(line) {
                finish()
                heading = next
                vulnerabilities = []
            } else if heading == nil {
                guard line.allSatisfy(\.isBlank) else { return nil }
            } else if line.first?.isBlank == true {
                for number in Self.vulnerabilities(in: line) where !vulnerabilities.contains(number) {
                    vulnerabilities.append(number)
                }
            }
        }
        finish()
        guard !entries.isEmpty else { return nil }
        self.entries = entries
    }

    /// What is told of the versions after `old`, up to `new` and of that, too.
    package func entries(after old: DebianVersion, upTo new: DebianVersion) -> [Entry] {
        entries.filter { $0.version > old && $0.version <= new }
    }

    /// The version and the suites of a line "openssl (3.5.4-1) trixie-security; urgency=medium"; nil of any other.
    private static func heading(_ line: ArraySlice<UInt8>) -> (DebianVersion, [String])? {
        guard line.first?.isBlank == false, let open = line.firstIndex(of: UInt8(ascii: "(")),
            let close = line[open...].firstIndex(of: UInt8(ascii: ")")),
            let end = line[close...].firstIndex(of: UInt8(ascii: ";")),
            // The name of the package stands before the bracket, one word.
            line[..<open].split(whereSeparator: \.isBlank).count == 1,
            let version = try? DebianVersion(String(decoding: line[(open + 1)..<close], as: UTF8.self))
        else { return nil }
        let suites = line[(close + 1)..<end].split(whereSeparator: \.isBlank)
        return suites.isEmpty ? nil : (version, suites.map { String(decoding: $0, as: UTF8.self) })
    }

    /// The CVE numbers in `line`: "CVE-", a year, and four digits or more.
    private static func vulnerabilities(in line: ArraySlice<UInt8>) -> [String] {
        let mark = Array("CVE-".utf8)
        var found: [String] = []
        var rest = line
        while let start = rest.firstIndex(of: mark[0]) {
            rest = rest[start...]
            guard rest.starts(with: mark) else {
                rest = rest.dropFirst()
                continue
            }
            let year = rest.dropFirst(mark.count).prefix { $0.isDigit }
            let number = rest[year.endIndex...].first == UInt8(ascii: "-") ? rest[(year.endIndex + 1)...] : []
            let digits = number.prefix { $0.isDigit }
            if year.count == 4, digits.count >= 4 {
                found.append(String(decoding: rest[..<digits.endIndex], as: UTF8.self))
                rest = rest[digits.endIndex...]
            } else {
                rest = rest.dropFirst(mark.count)
            }
        }
        return found
    }
}
