private import Yams

/// Makes modules.yaml of a mirror out of upstream's: the streams of which it has packages, each the default of its module.
///
/// That a stream was enabled, by the declaration or as upstream's default, is what put its packages into the mirror; so
/// where the mirror is all there is, it is the default. dnf then records it in what it installs as the enabled one.
package struct ModulesFilter: Sendable {
    /// A module and the one stream of it that the mirror has.
    private let streams: [String: String]
    /// The documents that are kept: by module, version and context, as written.
    private var documents: [(key: String, text: String)] = []

    /// A filter for a mirror whose packages are of these streams, by module: `["nodejs": "20"]`.
    package init(streams: [String: String]) { self.streams = streams }

    /// Takes what the file `bytes`, a modules.yaml, has of the streams.
    ///
    /// - Throws: `RepodataError` where it is no such file.
    package mutating func add(_ bytes: [UInt8], source: String) throws(RepodataError) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw RepodataError(source, .yaml("bytes that are no UTF-8"))
        }
        for document in Self.documents(of: text) {
            let node: Node?
            do { node = try Yams.compose(yaml: document) } catch { throw RepodataError(source, .yaml("\(error)")) }
            guard let node else { continue }
            guard let kind = node["document"]?.string else { throw RepodataError(source, .missing("document")) }
            // Defaults are made anew; obsoletes and translations are about what a mirror has no part in.
            guard kind == "modulemd", let data = node["data"] else { continue }
            guard let name = data["name"]?.string, let stream = data["stream"]?.string else {
                throw RepodataError(source, .missing("name or stream of a module"))
            }
            guard streams[name] == stream else { continue }
            let version = data["version"]?.string ?? "0"
            let padded = String(repeating: "0", count: max(0, 20 - version.count)) + version
            let key = [name, padded, data["context"]?.string ?? "", data["arch"]?.string ?? ""].joined(separator: "\n")
            if documents.contains(where: { $0.key == key }) { continue }
            documents.append((key, document))
        }
    }

    /// The modules that no document was found of.
    package var missing: [String] {
        let found = documents.map { $0.key.prefix { $0 != "\n" } }
        return streams.keys.filter { name in !found.contains { $0 == name } }.sorted()
    }

    /// The file; nil where no stream is in the mirror.
    package var file: [UInt8]? {
        guard !documents.isEmpty else { return nil }
        var text = documents.sorted { $0.key < $1.key }.map { "---\n\($0.text)...\n" }.joined()
        for (module, stream) in streams.sorted(by: { $0.key < $1.key }) where !missing.contains(module) {
            text += "---\ndocument: modulemd-defaults\nversion: 1\ndata:\n"
            text += "  module: \(Self.quoted(module))\n  stream: \(Self.quoted(stream))\n...\n"
        }
        return Array(text.utf8)
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined() + "\""
    }

    /// The documents between `---` and `...` or the next `---` (YAML 1.2, 9.1), without these lines.
    private static func documents(of text: String) -> [String] {
        var documents: [String] = []
        var current = ""
        func isMark(_ line: Substring, _ mark: String) -> Bool {
            line == mark || line.hasPrefix(mark + " ") || line.hasPrefix(mark + "\t")
        }
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if isMark(line, "---") || isMark(line, "...") || line.hasPrefix("%") {
                documents.append(current)
                current = ""
            } else if !line.isEmpty || !current.isEmpty {
                current += line + "\n"
            }
        }
        documents.append(current)
        return documents.filter { $0.contains { !$0.isWhitespace } }
    }
}
