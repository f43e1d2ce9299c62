private import Yams

/// Makes modules.yaml of a mirror out of upstream's: the streams of which it has packages, each the default of its module.
///
/// That a stream was enabled, by the declaration or as upstream's default, is what put its packages into the mirror; so
/// where the mirror is all there is, it is the default. dnf then records it in what it installs as the enabled one.
package struct MirrorModules: Sendable {
    /// `name-epoch:version-release.architecture`, always with the epoch, as modules name their artifacts.
    private let packages: Set<String>

    private struct Document {
        let module: String
        let stream: String
        /// Orders the documents of a stream: version, context, architecture.
        let key: String
        let text: String
        /// The packages of the mirror that it names.
        let artifacts: Set<String>
    }

    private var documents: [Document] = []

    /// Modules of a mirror of these packages: `nodejs-1:20.16.0-1.module_el9+2.x86_64`.
    package init(packages: Set<String>) { self.packages = packages }

    /// Takes what the file `bytes`, a modules.yaml, has of the streams of the mirror's packages.
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
            let named = data["artifacts"]?["rpms"]?.sequence?.compactMap(\.string) ?? []
            let artifacts = packages.intersection(named)
            guard !artifacts.isEmpty else { continue }
            let version = data["version"]?.string ?? "0"
            let padded = String(repeating: "0", count: max(0, 20 - version.count)) + version
            let key = [padded, data["context"]?.string ?? "", data["arch"]?.string ?? ""].joined(separator: "\n")
            if documents.contains(where: { ($0.module, $0.stream, $0.key) == (name, stream, key) }) { continue }
            documents.append(Document(module: name, stream: stream, key: key, text: document, artifacts: artifacts))
        }
    }

    /// By module the one stream that the mirror has; of several that share packages, that which has most of them.
    package var streams: [String: String] {
        var counts: [String: [String: Set<String>]] = [:]
        for document in documents {
            counts[document.module, default: [:]][document.stream, default: []].formUnion(document.artifacts)
        }
        return counts.compactMapValues { streams in
            streams.max { ($0.value.count, $0.key) < ($1.value.count, $1.key) }?.key
        }
    }

    /// The file; nil where no package of the mirror is of a module.
    package var file: [UInt8]? {
        let streams = streams
        guard !streams.isEmpty else { return nil }
        let kept = documents.filter { streams[$0.module] == $0.stream }
        var text = kept.sorted { ($0.module, $0.key) < ($1.module, $1.key) }.map { "---\n\($0.text)...\n" }.joined()
        for (module, stream) in streams.sorted(by: { $0.key < $1.key }) {
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
