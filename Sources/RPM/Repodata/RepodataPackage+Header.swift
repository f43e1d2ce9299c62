package import Primitives

/// The records of a package file that no repository lists, made from its header as createrepo_c(8) makes them.
extension RepodataPackage {
    /// - Throws: `RepodataError` where `path` can't be a path, or the header holds what no XML can.
    package init(
        header: PackageHeader, path: String, size: ByteCount, digest: Digest
    ) throws(RepodataError) {
        let record = HeaderRecord(header: header, path: path, size: size, digest: digest)
        let (primary, fileList) = (Array(record.primary.utf8), Array(record.fileList.utf8))
        let made: Result<RepodataPackage, RepodataError> = primary.withUnsafeBytes { primary in
            fileList.withUnsafeBytes { fileList in
                Result { () throws(RepodataError) in
                    try RepodataPackage(primary: primary, fileList: fileList, path: path, size: size, digest: digest)
                }
            }
        }
        self = try made.get()
    }
}

/// What a header comes to in XML.
private struct HeaderRecord {
    let header: PackageHeader
    let path: String
    let size: ByteCount
    let digest: Digest

    /// XML 1.0 has no control characters but these three.
    private func text(_ text: String) -> String {
        XMLText.escaped(
            String(text.unicodeScalars.filter { $0.value >= 0x20 || [0x09, 0x0A, 0x0D].contains($0.value) }))
    }

    private func element(_ name: String, _ tag: UInt32) -> String {
        let value = header.string(tag) ?? ""
        return value.isEmpty ? "  <\(name)/>\n" : "  <\(name)>\(text(value))</\(name)>\n"
    }

    private var epoch: Int { header.numbers(1003).first ?? 0 }
    private var version: String {
        "<version epoch=\"\(epoch)\" ver=\"\(text(header.string(1001) ?? ""))\" "
            + "rel=\"\(text(header.string(1002) ?? ""))\"/>"
    }

    var primary: String {
        let installed = header.numbers(5009).first ?? header.numbers(1009).first ?? 0
        let build = header.numbers(1006).first ?? 0
        return """
            <package type="rpm">
              <name>\(text(header.string(1000) ?? ""))</name>
              <arch>\(text(header.string(1022) ?? ""))</arch>
              \(version)
              <checksum type="sha256" pkgid="YES">\(digest.hex)</checksum>
            \(element("summary", 1004))\(element("description", 1005))\(element("packager", 1015))\(element("url", 1020))\
              <time file="0" build="\(build)"/>
              <size package="\(size.bytes)" installed="\(installed)" archive="0"/>
              <location href="\(text(path))"/>
              <format>
            \(element("rpm:license", 1014))\(element("rpm:vendor", 1011))\(element("rpm:group", 1016))\
            \(element("rpm:buildhost", 1007))\(element("rpm:sourcerpm", 1044))\
              <rpm:header-range start="\(header.range.lowerBound)" end="\(header.range.upperBound)"/>
            \(relations)\(files.filter(\.isInPrimary).map(\.element).joined())  </format>
            </package>
            """
    }

    var fileList: String {
        """
        <package pkgid="\(digest.hex)" name="\(text(header.string(1000) ?? ""))" arch="\(text(header.string(1022) ?? ""))">
          \(version)
        \(files.map(\.element).joined())</package>
        """
    }

    /// The tags of each kind of relation: names, flags, versions.
    private static let kinds: [(name: String, tags: (UInt32, UInt32, UInt32))] = [
        ("provides", (1047, 1112, 1113)), ("requires", (1049, 1048, 1050)), ("conflicts", (1054, 1053, 1055)),
        ("obsoletes", (1090, 1114, 1115)), ("suggests", (5049, 5051, 5050)), ("enhances", (5055, 5057, 5056)),
        ("recommends", (5046, 5048, 5047)), ("supplements", (5052, 5054, 5053)),
    ]

    private var relations: String {
        Self.kinds.map { kind in
            let (flags, versions) = (header.numbers(kind.tags.1), header.strings(kind.tags.2))
            var entries: [String] = []
            for (place, name) in header.strings(kind.tags.0).enumerated() {
                let flag = place < flags.count ? flags[place] : 0
                // What rpm itself has to be able to do is no relation between packages.
                if kind.name == "requires", name.hasPrefix("rpmlib(") { continue }
                let entry = entry(name, flag, place < versions.count ? versions[place] : "", kind.name == "requires")
                if !entries.contains(entry) { entries.append(entry) }
            }
            return entries.isEmpty
                ? "" : "  <rpm:\(kind.name)>\n\(entries.joined())  </rpm:\(kind.name)>\n"
        }.joined()
    }

    private func entry(_ name: String, _ flags: Int, _ version: String, _ mayComeFirst: Bool) -> String {
        var words = "name=\"\(text(name))\""
        if let comparison = [2: "LT", 4: "GT", 8: "EQ", 10: "LE", 12: "GE"][flags & 14], !version.isEmpty {
            var rest = version[...]
            var epoch = "0"
            if let colon = rest.firstIndex(of: ":") {
                epoch = String(rest[..<colon])
                rest = rest[rest.index(after: colon)...]
            }
            words += " flags=\"\(comparison)\" epoch=\"\(text(epoch))\""
            let dash = rest.firstIndex(of: "-")
            words += " ver=\"\(text(String(rest[..<(dash ?? rest.endIndex)])))\""
            if let dash { words += " rel=\"\(text(String(rest[rest.index(after: dash)...])))\"" }
        }
        // Needed before its scripts run: RPMSENSE_PREREQ, _SCRIPT_PRE and _SCRIPT_POST.
        if mayComeFirst, flags & (1 << 6 | 1 << 9 | 1 << 10) != 0 { words += " pre=\"1\"" }
        return "    <rpm:entry \(words)/>\n"
    }

    private struct File {
        let element: String
        let isInPrimary: Bool
    }

    private var files: [File] {
        let (names, folders) = (header.strings(1117), header.strings(1118))
        let (places, modes, flags) = (header.numbers(1116), header.numbers(1030), header.numbers(1037))
        return names.enumerated().compactMap { number, name in
            guard number < places.count, folders.indices.contains(places[number]) else { return nil }
            let path = folders[places[number]] + name
            let isFolder = number < modes.count && modes[number] & 0o170000 == 0o040000
            let isGhost = number < flags.count && flags[number] & 1 << 6 != 0
            let type = isGhost ? " type=\"ghost\"" : isFolder ? " type=\"dir\"" : ""
            // As createrepo_c has it: commands and configuration.
            let isInPrimary = path.hasPrefix("/etc/") || path.contains("bin/") || path == "/usr/lib/sendmail"
            return File(element: "    <file\(type)>\(text(path))</file>\n", isInPrimary: isInPrimary)
        }
    }
}
