import Primitives
import SystemPackage
import Testing

@testable import deploy

/// What holds of every object that is written for programs.
enum JSONConvention {
    /// What is wrong with `values`: keys that are not in snake_case, or twice in one object, or not in the README.
    static func objections(to values: [JSON]) throws -> [String] {
        let documented = try documented
        var objections: [String] = []
        for keys in values.flatMap(\.objects) {
            for key in keys where !isSnakeCase(key) { objections.append("\(key) is not in snake_case") }
            for key in keys where !documented.contains(key) {
                objections.append("\(key) is not in README.md, under JSON")
            }
            if Set(keys).count < keys.count { objections.append("a key is there twice: \(keys)") }
        }
        return objections
    }

    /// Reads lines, each of which must be an object.
    static let judge =
        "python3 -c \"import json, sys; [dict(json.loads(line)) for line in sys.stdin]\""

    private static func isSnakeCase(_ key: String) -> Bool {
        key.wholeMatch(of: /[a-z][a-z0-9]*(_[a-z0-9]+)*/) != nil
    }

    /// The words between backticks in the README's section about JSON: the keys are among them.
    private static var documented: Set<String> {
        get throws {
            let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
            let text = try Files.readText(root.appending("README.md"))
            let begin = try #require(text.firstRange(of: "### JSON\n")).upperBound
            let end = text[begin...].firstRange(of: "\n### ")?.lowerBound ?? text.endIndex
            let spans = text[begin..<end].split(separator: "`", omittingEmptySubsequences: false)
            let code = spans.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
            return Set(
                code.flatMap { span in
                    span.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init)
                })
        }
    }
}

extension JSON {
    /// The keys of an object.
    var keys: Set<String> { if case .object(let fields) = self { Set(fields.map(\.0)) } else { [] } }

    /// The keys of each object in a value, at any depth.
    fileprivate var objects: [[String]] {
        switch self {
        case .object(let fields): [fields.map(\.0)] + fields.flatMap(\.1.objects)
        case .array(let values): values.flatMap(\.objects)
        case .string, .number, .bool: []
        }
    }
}
