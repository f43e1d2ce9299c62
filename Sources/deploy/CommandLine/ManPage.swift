import Primitives

/// deploy(1), in the macros of man(7).
struct ManPage: Sendable {
    let command: CommandDescription
    let version: String
    /// "2026-11-29"
    let date: String

    /// The page, a line each.
    var text: String {
        var lines = [
            ".\\\" \(InstalledFile.mark)",
            ".TH \(command.name.uppercased()) 1 \(date) \(Self.quoted("\(command.name) \(version)")) kldload",
            ".SH NAME", "\(command.name) \\- \(Self.escaped(Self.withoutFullStop(command.abstract)))",
            ".SH SYNOPSIS", ".B \(command.name)", ".I command", "[options] [arguments]",
            ".SH DESCRIPTION",
        ]
        lines += Self.paragraphs(command.discussion)
        let shared = shared
        lines.append(".SH COMMANDS")
        for subcommand in command.subcommands { lines += section(of: subcommand, beside: shared) }
        lines.append(".SH OPTIONS OF MANY COMMANDS")
        for argument in shared { lines += Self.entry(argument) }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The options that more than half of the commands have, just so.
    private var shared: [CommandDescription.Argument] {
        var seen: [CommandDescription.Argument] = []
        var counts: [CommandDescription.Argument: Int] = [:]
        for argument in command.subcommands.flatMap(\.arguments) where argument.kind != .positional {
            if counts[argument] == nil { seen.append(argument) }
            counts[argument, default: 0] += 1
        }
        return seen.filter { counts[$0, default: 0] * 2 > command.subcommands.count }
    }

    private func section(
        of command: CommandDescription, beside shared: [CommandDescription.Argument]
    ) -> [String] {
        let own = command.arguments.filter { !shared.contains($0) }
        let positional = own.filter { $0.kind == .positional }
        let synopsis = positional.map { argument in
            let name = "\\fI\(Self.escaped(argument.valueName))\\fR" + (argument.isRepeating ? " ..." : "")
            return argument.isOptional ? "[\(name)]" : name
        }
        let options = own.count > positional.count ? ["[options]"] : []
        let words = ["\\fB\(self.command.name) \(Self.escaped(command.name))\\fR"] + options + synopsis
        var lines = [".SS \(Self.escaped(command.name))", words.joined(separator: " ")]
        lines += Self.paragraphs([command.abstract] + command.discussion, isFirst: false)
        for argument in own { lines += Self.entry(argument) }
        let others = command.arguments.filter(shared.contains).compactMap(\.names.last)
        if !others.isEmpty {
            lines += [".PP", "Also: \(others.map { "\\fB\(Self.escaped($0))\\fR" }.joined(separator: ",\n"))."]
        }
        return lines
    }

    private static func entry(_ argument: CommandDescription.Argument) -> [String] {
        let value = argument.kind == .flag ? "" : "\\fI\(escaped(argument.valueName))\\fR"
        let names = argument.names.map { "\\fB\(escaped($0))\\fR" }.joined(separator: ", ")
        let said = argument.defaultValue.map { "\(argument.abstract) (default: \($0))" } ?? argument.abstract
        return [".TP", [names, value].filter { !$0.isEmpty }.joined(separator: " ")]
            + filled(said.isEmpty ? "\\&" : marked(said))
    }

    private static func paragraphs(_ texts: [String], isFirst: Bool = true) -> [String] {
        texts.enumerated().flatMap { number, text in
            (number == 0 && isFirst ? [] : [".PP"]) + filled(marked(text))
        }
    }

    /// What stands between backticks is bold, all else plain.
    private static func marked(_ text: String) -> String {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated().map { number, part in
            let part = escaped(String(part))
            return number % 2 == 1 ? "\\fB\(part)\\fR" : part
        }.joined()
    }

    /// Lines of at most 78 bytes, where the words allow it; a sentence begins a line, as roff wants it.
    private static func filled(_ text: String) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(whereSeparator: \.isWhitespace) {
            let endsSentence = line.last.map { ".?!".contains($0) } ?? false
            if line.isEmpty {
                line = String(word)
            } else if endsSentence || line.utf8.count + word.utf8.count > 77 {
                lines.append(line)
                line = String(word)
            } else {
                line += " " + word
            }
        }
        // A dot or an apostrophe at its begin would make a request of a line.
        return (lines + [line]).map { $0.hasPrefix(".") || $0.hasPrefix("'") ? "\\&" + $0 : $0 }
    }

    /// Text in which roff sees no markup, and no hyphen where a dash was meant.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\\": result += "\\e"
            case "-": result += "\\-"
            default: result.append(character)
            }
        }
        return result
    }

    private static func quoted(_ text: String) -> String { "\"\(escaped(text).filter { $0 != "\"" })\"" }

    private static func withoutFullStop(_ text: String) -> String {
        text.hasSuffix(".") ? String(text.dropLast()) : text
    }
}
