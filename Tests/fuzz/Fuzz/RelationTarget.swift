@testable import APT

/// A relation field: every place must lie in it, and what was read must be read again from what it says.
enum RelationTarget {
    static func run(_ input: UnsafeRawBufferPointer) {
        guard let first = read(input, 0..<input.count) else { return }
        let written = first.map { relation in (relation.isAlternative ? " | " : ", ") + text(relation, in: input) }
            .joined().drop { $0 == "," || $0 == " " }
        var copy = String(written)
        copy.withUTF8 { utf8 in
            let bytes = UnsafeRawBufferPointer(utf8)
            // Bytes that are no UTF-8 do not survive being written.
            guard String(validating: input, as: UTF8.self) != nil else { return }
            guard let second = read(bytes, 0..<bytes.count) else { disagree("\(written) is not read any more") }
            let isSame =
                first.count == second.count
                && zip(first, second).allSatisfy { text($0, in: input) == text($1, in: bytes) }
            require(isSame, "\(written) is read otherwise")
        }
    }

    private static func read(_ bytes: UnsafeRawBufferPointer, _ field: Range<Int>) -> [Relation]? {
        var parser = RelationParser(bytes, field)
        var relations: [Relation] = []
        do throws(RelationSyntaxError) {
            while let relation = try parser.next() {
                check(relation, in: bytes)
                relations.append(relation)
                require(relations.count <= bytes.count, "more relations than bytes")
            }
            return relations
        } catch {
            require(field.contains(error.offset) || error.offset == field.upperBound, "an error outside of the field")
            return nil
        }
    }

    private static func check(_ relation: Relation, in bytes: UnsafeRawBufferPointer) {
        require(!relation.name.isEmpty && !relation.extent.isEmpty, "a relation of nothing")
        require(relation.extent.upperBound <= bytes.count, "a relation that ends outside of the field")
        require(
            (relation.comparison == nil) == relation.version.isEmpty, "an operator and no version, or a version alone")
        _ = relation.applies(to: "amd64", in: bytes)
    }

    private static func text(_ relation: Relation, in bytes: UnsafeRawBufferPointer) -> String {
        func part(_ range: Range<Int>) -> String {
            String(decoding: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self)
        }
        var text = part(relation.name)
        switch relation.qualifier {
        case .none: break
        case .any: text += ":any"
        case .native: text += ":native"
        case .architecture(let range): text += ":" + part(range)
        }
        if let comparison = relation.comparison { text += " (\(comparison) \(part(relation.version)))" }
        if !relation.architectures.isEmpty { text += " [\(part(relation.architectures))]" }
        return text
    }
}
