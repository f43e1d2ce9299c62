import Declaration
import Primitives
import SystemPackage

/// Reads sources.list(5). Only binary packages count; disabled entries and methods other than http, https and file do not.
enum APTSourceList {
    /// Lines such as `deb [signed-by=… arch=amd64] http://mirror.example/debian trixie main contrib`.
    static func oneLine(_ text: String, folder: FilePath) -> [HostAPT.Source] {
        var sources: [HostAPT.Source] = []
        for line in lines(text) {
            var rest = line.prefix { $0 != "#" }[...]
            guard take(&rest) == "deb" else { continue }
            var signedBy = ""
            rest = rest.drop { $0 == " " || $0 == "\t" }
            if rest.first == "[" {
                guard let end = rest.firstIndex(of: "]") else { continue }
                for option in words(rest[rest.index(after: rest.startIndex)..<end]) where option.hasPrefix("signed-by=")
                {
                    signedBy = String(option.dropFirst("signed-by=".count))
                }
                rest = rest[rest.index(after: end)...]
            }
            let fields = words(rest)
            guard fields.count >= 2 else { continue }
            sources += addresses(fields[0], folder: folder).map {
                HostAPT.Source(
                    address: $0, suites: [fields[1]], components: Array(fields.dropFirst(2)), signedBy: signedBy)
            }
        }
        return sources
    }

    /// Stanzas with Types, URIs, Suites and Components.
    static func deb822(_ text: String, folder: FilePath) -> [HostAPT.Source] {
        var sources: [HostAPT.Source] = []
        var stanza: [String: String] = [:]
        var field = ""
        func finish() {
            defer { stanza = [:] }
            guard words(stanza["types"] ?? "").contains("deb"), (stanza["enabled"] ?? "").trimmingSpace != "no" else {
                return
            }
            for uri in words(stanza["uris"] ?? "") {
                sources += addresses(uri, folder: folder).map {
                    HostAPT.Source(
                        address: $0, suites: words(stanza["suites"] ?? ""),
                        components: words(stanza["components"] ?? ""),
                        signedBy: (stanza["signed-by"] ?? "").trimmingSpace)
                }
            }
        }
        for line in lines(text) where !line.hasPrefix("#") {
            if line.allSatisfy({ $0 == " " || $0 == "\t" }) {
                finish()
            } else if line.first == " " || line.first == "\t" {
                stanza[field, default: ""] += " " + line
            } else if let colon = line.firstIndex(of: ":") {
                field = line[..<colon].lowercased()
                stanza[field] = String(line[line.index(after: colon)...])
            }
        }
        finish()
        return sources
    }

    /// The address `text` writes; those in the file it names where it is a `mirror+file:` one (apt-transport-mirror(1)).
    private static func addresses(_ text: String, folder: FilePath) -> [MirrorAddress] {
        guard text.hasPrefix("mirror+file:/") else {
            let text = text.hasPrefix("file:/") && !text.hasPrefix("file://") ? "file://" + text.dropFirst(5) : text
            guard text.contains("://"), let address = MirrorAddress(text, relativeTo: "/") else { return [] }
            return [address]
        }
        var path = "/" + text.dropFirst("mirror+file:".count).drop { $0 == "/" }
        if path.hasPrefix("/etc/apt/") { path = folder.appending(String(path.dropFirst("/etc/apt/".count))).string }
        // A list that is not there is as good as an empty one: other entries, or the last resort, take its place.
        guard let list = try? Files.readText(FilePath(path)) else { return [] }
        return lines(list).compactMap { line in
            let address = words(line.prefix { $0 != "#" }).first ?? ""
            return address.contains("://") ? MirrorAddress(address, relativeTo: "/") : nil
        }
    }

    private static func lines(_ text: String) -> [String] {
        text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }.map(String.init)
    }

    private static func words(_ text: some Collection<Character>) -> [String] {
        text.split(whereSeparator: { $0 == " " || $0 == "\t" }).map { String($0) }
    }

    private static func take(_ rest: inout Substring) -> String {
        rest = rest.drop { $0 == " " || $0 == "\t" }
        let word = rest.prefix { $0 != " " && $0 != "\t" }
        rest = rest[word.endIndex...]
        return String(word)
    }
}
