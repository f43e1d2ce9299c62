import Archives
import Primitives
import Yams

/// The modules of a repository: modules.yaml, documents modulemd (version 2) and modulemd-defaults (version 1) of libmodulemd.
package struct ModuleMetadata: Hashable, Sendable {
    /// One build of one stream of a module.
    package struct Build: Hashable, Sendable {
        /// The module's: "nodejs".
        package let name: String
        /// "20", as text even where it looks like a number.
        package let stream: String
        /// When it was built, as a number to compare: 9040020240419112233.
        package let version: UInt64
        /// Tells builds of one version apart that were made against other streams: "rhel9"; empty where it is missing.
        package let context: String
        /// "x86_64"; empty where it is missing.
        package let architecture: String
        /// Its packages as name-epoch:version-release.arch, source packages among them.
        package let artifacts: [String]
        /// Alternatives: of each, all modules have to be active, in one of the streams (any where there are none).
        package let requirements: [[String: [String]]]
        /// The names that a package may have although the module has it, too; packages that left the module.
        package let demodularized: [String]
        /// The packages of each profile.
        package let profiles: [String: [String]]
        /// Its document as it was written, for a mirror's own modules.yaml.
        package let text: String
    }

    /// What a repository says of a module as a whole.
    package struct Defaults: Hashable, Sendable {
        /// "nodejs"
        package let module: String
        /// nil: no stream is active unless somebody enables it.
        package let stream: String?
        /// The profiles that are installed by default, by stream.
        package let profiles: [String: [String]]
        /// Its document as it was written, for a mirror's own modules.yaml.
        package let text: String
    }

    /// In the order of the file, then those of repositories that were merged in.
    package internal(set) var builds: [Build] = []
    /// At most one of a module, once repositories were merged.
    package internal(set) var defaults: [Defaults] = []

    private static let sizeLimit = 256 << 20

    package init() {}

    /// Reads a modules.yaml, packed or not. Documents of other kinds (obsoletes, translations) are left out. Throws
    /// `MetadataError` or `ArchiveError`.
    package init(reading bytes: [UInt8], source: String) throws {
        let compression = Compression(sniffing: bytes)
        let text = try compression.decompress(bytes, name: source, limit: ByteCount(Self.sizeLimit))
        guard let whole = String(validating: text, as: UTF8.self) else {
            throw MetadataError(source: source, problem: .encoding("no UTF-8"))
        }
        for document in Self.documents(whole) { try add(document, source: source) }
    }

    /// These and those of another repository.
    package func merged(with other: ModuleMetadata) -> ModuleMetadata {
        var result = self
        for build in other.builds where !result.builds.contains(build) { result.builds.append(build) }
        for one in other.defaults {
            if let place = result.defaults.firstIndex(where: { $0.module == one.module }) {
                // Where two repositories differ in the default stream there is none, as libmodulemd has it.
                if result.defaults[place].stream == nil {
                    result.defaults[place] = one
                } else if let stream = one.stream, stream != result.defaults[place].stream {
                    result.defaults[place] = Defaults(
                        module: one.module, stream: nil, profiles: one.profiles, text: one.text)
                }
            } else {
                result.defaults.append(one)
            }
        }
        return result
    }

    /// The documents of a YAML stream, each with the line it starts at.
    private static func documents(_ text: String) -> [(text: String, line: Int)] {
        var result: [(text: String, line: Int)] = []
        var lines: [Substring] = []
        var start = 1
        func finish(_ next: Int) {
            if lines.contains(where: { !$0.allSatisfy(\.isWhitespace) }) {
                result.append((lines.joined(separator: "\n") + "\n", start))
            }
            lines.removeAll()
            start = next
        }
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line == "---" || line.hasPrefix("--- ") || line == "..." {
                finish(number + 2)
                if line.hasPrefix("--- ") { lines.append(line.dropFirst(4)) }
            } else {
                lines.append(line)
            }
        }
        finish(0)
        return result
    }

    private mutating func add(_ document: (text: String, line: Int), source: String) throws(MetadataError) {
        let node: Node?
        do { node = try Yams.compose(yaml: document.text) } catch {
            throw MetadataError(source: source, line: document.line, problem: .yaml("\(error)"))
        }
        func fail(_ what: String) -> MetadataError {
            MetadataError(source: source, line: document.line, problem: .missing(what))
        }
        guard let node else { return }
        guard let root = node.mapping, let kind = root["document"]?.string else { throw fail("the kind of a document") }
        guard kind == "modulemd" || kind == "modulemd-defaults" else { return }
        guard let data = root["data"]?.mapping else { throw fail("data") }
        if kind == "modulemd" {
            guard root["version"]?.string == "2" else { return }
            guard let name = data["name"]?.string else { throw fail("the name of a module") }
            guard let stream = data["stream"]?.string else { throw fail("the stream of \(name)") }
            let version = data["version"]?.string ?? "0"
            guard let number = UInt64(version) else {
                throw MetadataError(
                    source: source, line: document.line, problem: .badValue("version of a module", version))
            }
            builds.append(
                Build(
                    name: name, stream: stream, version: number, context: data["context"]?.string ?? "",
                    architecture: data["arch"]?.string ?? "",
                    artifacts: Self.strings(data["artifacts"]?.mapping?["rpms"]),
                    requirements: (data["dependencies"]?.sequence ?? []).map { alternative in
                        Self.lists(alternative.mapping?["requires"])
                    },
                    demodularized: Self.strings(data["demodularized"]?.mapping?["rpms"]),
                    profiles: Self.profiles(data["profiles"]), text: document.text))
        } else {
            guard root["version"]?.string == "1" else { return }
            guard let module = data["module"]?.string else { throw fail("the module of a default") }
            defaults.append(
                Defaults(
                    module: module, stream: data["stream"]?.string, profiles: Self.lists(data["profiles"]),
                    text: document.text))
        }
    }

    private static func strings(_ node: Node?) -> [String] { node?.sequence?.compactMap(\.string) ?? [] }

    private static func lists(_ node: Node?) -> [String: [String]] {
        var result: [String: [String]] = [:]
        for (key, value) in node?.mapping ?? [:] {
            if let name = key.string { result[name] = strings(value) }
        }
        return result
    }

    private static func profiles(_ node: Node?) -> [String: [String]] {
        var result: [String: [String]] = [:]
        for (key, value) in node?.mapping ?? [:] {
            if let name = key.string { result[name] = strings(value.mapping?["rpms"]) }
        }
        return result
    }
}
