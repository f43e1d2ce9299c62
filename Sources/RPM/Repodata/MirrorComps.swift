/// Makes comps.xml of a mirror out of upstream's: of all groups and environments what the mirror can install.
///
/// Several repositories may have a group of one name: they add to each other, as dnf adds them.
package struct MirrorComps: Sendable {
    /// The names of the mirror's packages.
    private let packages: Set<String>
    /// What goes into the result: a group or environment, as written, without its packages.
    private struct Item {
        var text: [UInt8]
        var members: [(name: String, line: String)]
        var options: [(name: String, line: String)]
        let isEnvironment: Bool
    }

    private var items: [(id: String, item: Item)] = []

    /// A filter for a mirror of the packages with these names.
    package init(packages: Set<String>) { self.packages = packages }

    /// Takes what the file `bytes`, a comps.xml, has.
    ///
    /// - Throws: `RepodataError` where it is no XML of that kind.
    package mutating func add(_ bytes: [UInt8], source: String) throws(RepodataError) {
        var found: [(id: String, item: Item)] = []
        let malformed: MarkupScanner.Malformed? = bytes.withUnsafeBytes { bytes in
            do throws(MarkupScanner.Malformed) {
                found = try read(bytes)
                return nil
            } catch { return error }
        }
        if let malformed { throw RepodataError(source, .markup(malformed.what, offset: malformed.offset)) }
        for (id, item) in found {
            guard let index = items.firstIndex(where: { $0.id == id && $0.item.isEnvironment == item.isEnvironment })
            else {
                items.append((id, item))
                continue
            }
            let (members, options) = (items[index].item.members.map(\.name), items[index].item.options.map(\.name))
            items[index].item.members += item.members.filter { !members.contains($0.name) }
            items[index].item.options += item.options.filter { !options.contains($0.name) }
        }
    }

    /// The file: groups with a package in the mirror, and environments with such a group, in the order of their ids; nil where
    /// there is none.
    package var file: [UInt8]? {
        let groups = items.filter { !$0.item.isEnvironment && !$0.item.members.isEmpty }
        let known = Set(groups.map(\.id))
        var environments: [(id: String, item: Item)] = []
        for (id, original) in items where original.isEnvironment {
            var item = original
            item.members.removeAll { !known.contains($0.name) }
            item.options.removeAll { !known.contains($0.name) }
            if !item.members.isEmpty { environments.append((id, item)) }
        }
        guard !groups.isEmpty else { return nil }
        var text = Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<comps>\n".utf8)
        for (_, item) in (groups.sorted { $0.id < $1.id } + environments.sorted { $0.id < $1.id }) {
            text += "  <\(item.isEnvironment ? "environment" : "group")>\n".utf8
            text += item.text
            text += Self.list(item.isEnvironment ? "grouplist" : "packagelist", item.members).utf8
            if item.isEnvironment { text += Self.list("optionlist", item.options).utf8 }
            text += "  </\(item.isEnvironment ? "environment" : "group")>\n".utf8
        }
        return text + Array("</comps>\n".utf8)
    }

    private static func list(_ name: String, _ members: [(name: String, line: String)]) -> String {
        "    <\(name)>\n" + members.map { "      \($0.line)\n" }.joined() + "    </\(name)>\n"
    }

    private func read(_ bytes: UnsafeRawBufferPointer) throws(MarkupScanner.Malformed) -> [(id: String, item: Item)] {
        // A document type may be named; nothing of it is used.
        guard let root = bytes.firstIndex(of: "<comps", from: 0) else {
            throw MarkupScanner.Malformed(what: "no element comps", offset: 0)
        }
        var scanner = MarkupScanner(at: root)
        var result: [(id: String, item: Item)] = []
        var item: Item?
        var id = ""
        /// The names of the open elements below the root, and where the innermost began.
        var path: [String] = []
        var starts: [Int] = []
        var text = 0..<0
        while true {
            switch try scanner.next(in: bytes) {
            case .start(let range, _, let tag, let isEmpty):
                let name = String(decoding: bytes[range], as: UTF8.self)
                if scanner.depth + (isEmpty ? 1 : 0) == 2, name == "group" || name == "environment" {
                    (item, id) = (Item(text: [], members: [], options: [], isEnvironment: name == "environment"), "")
                }
                text = tag.upperBound..<tag.upperBound
                if isEmpty {
                    if path.count == 2 { item?.text += Self.line(bytes, tag) }
                } else {
                    path.append(name)
                    starts.append(tag.lowerBound)
                }
            case .text(let range): text = range
            case .end(_, let tag):
                let whole = (starts.popLast() ?? tag.lowerBound)..<tag.upperBound
                let name = path.popLast() ?? ""
                let content = bytes.plainText(text)
                switch (path.count, name) {
                case (2, "packagelist"), (2, "grouplist"), (2, "optionlist"): break
                case (2, _):
                    if name == "id" { id = content }
                    item?.text += Self.line(bytes, whole)
                case (3, "packagereq"):
                    if packages.contains(content) {
                        item?.members.append((content, String(decoding: bytes[whole], as: UTF8.self)))
                    }
                case (3, "groupid"):
                    let line = String(decoding: bytes[whole], as: UTF8.self)
                    if path.last == "optionlist" {
                        item?.options.append((content, line))
                    } else {
                        item?.members.append((content, line))
                    }
                case (1, "group"), (1, "environment"):
                    guard let done = item, !id.isEmpty else {
                        throw MarkupScanner.Malformed(what: "a \(name) without an id", offset: whole.lowerBound)
                    }
                    result.append((id, done))
                    item = nil
                default: break
                }
                text = tag.upperBound..<tag.upperBound
            case .finished:
                guard String(validating: bytes, as: UTF8.self) != nil else {
                    throw MarkupScanner.Malformed(what: "bytes that are no UTF-8", offset: 0)
                }
                return result
            }
        }
    }

    /// An element on a line of its own.
    private static func line(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> [UInt8] {
        Array("    ".utf8) + bytes[range] + [0x0A]
    }
}
