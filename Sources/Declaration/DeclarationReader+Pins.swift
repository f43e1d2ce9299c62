import APT
import Primitives

/// Pins: what apt_preferences(5) has as Package, Pin and Pin-Priority.
extension DeclarationReader {
    /// The pins of a distribution; none where there is no such key.
    mutating func pins(_ section: DeclarationFields.Section) -> [Declaration.Pin] {
        let name = section.path("pins")
        guard let document = fields.optional("pins", of: section), let items = fields.list(document, name: name) else {
            return []
        }
        var pins: [Declaration.Pin] = []
        for (index, item) in items.enumerated() {
            if let pin = pin(item, name: "\(name)[\(index)]") { pins.append(pin) }
        }
        return pins
    }

    private mutating func pin(_ document: DeclarationDocument, name: String) -> Declaration.Pin? {
        guard let section = fields.section(document, name: name, keys: ["packages", "pin", "priority"]) else {
            return nil
        }
        let packages = fields.strings("packages", of: section, example: "packages: [\"linux-image-*\"]") { pattern in
            let isText = pattern.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            // Whether a regular expression is one, apt's own reading of it decides.
            let isFine = isText && (try? APT.Pin(packages: pattern, pin: "release *", priority: 1)) != nil
            return isFine
                ? nil : "a package's name, in which * ? and [a-z] stand for other characters, or /a regular expression/"
        }
        let pin = fields.string("pin", of: section, example: "pin: release n=trixie-backports") {
            if case .failure(let problem) = Self.target($0) { problem.text } else { nil }
        }
        // Priority 0 has no meaning in apt; the others fit into 16 bits there.
        let priority = fields.integer("priority", of: section, in: -32_767...32_767)
        if priority == 0 {
            fields.report("\(name).priority cannot be 0", at: section.location(of: "priority"), hint: "negative: never")
        }
        guard let packages, let pin, let priority, case .success(let target) = Self.target(pin.value) else {
            return nil
        }
        return Declaration.Pin(
            packages: packages.map(\.value), target: target, priority: priority, location: section.location)
    }

    private struct PinProblem: Error {
        let text: String
    }

    /// What an expression such as `release n=trixie-backports, c=main`, `version 6.12.*` or `origin ftp.debian.org`
    /// is about.
    private static func target(_ text: String) -> Result<Declaration.Pin.Target, PinProblem> {
        let words = text.split(separator: " ", maxSplits: 1).map(String.init)
        guard words.count == 2 else { return .failure(PinProblem(text: "release …, version … or origin …")) }
        let rest = words[1].trimmingSpace
        switch words[0] {
        case "version" where !rest.contains(" "):
            return .success(.version(rest))
        case "origin" where !rest.contains(" "):
            return .success(
                .origin(rest.hasPrefix("\"") && rest.hasSuffix("\"") ? String(rest.dropFirst().dropLast()) : rest))
        case "release":
            var conditions: [String: String] = [:]
            for part in rest.split(separator: ",", omittingEmptySubsequences: false) {
                let pair = part.split(separator: "=", maxSplits: 1).map { String($0).trimmingSpace }
                guard pair.count == 2, ["a", "n", "c", "v", "o", "l", "b"].contains(pair[0]), !pair[1].isEmpty else {
                    return .failure(
                        PinProblem(
                            text:
                                "release a=ARCHIVE, n=CODENAME, c=COMPONENT, v=VERSION, o=ORIGIN, l=LABEL, b=ARCHITECTURE"
                        ))
                }
                guard conditions.updateValue(pair[1], forKey: pair[0]) == nil else {
                    return .failure(PinProblem(text: "\(pair[0])= is there twice"))
                }
            }
            return .success(.release(conditions))
        default:
            return .failure(PinProblem(text: "release …, version … or origin …"))
        }
    }
}

extension String {
    /// Without spaces and tabs at both ends.
    package var trimmingSpace: String {
        var text = self[...]
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text.drop { $0 == " " || $0 == "\t" })
    }
}
