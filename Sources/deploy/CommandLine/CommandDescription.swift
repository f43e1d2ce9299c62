import ArgumentParser
import Primitives

/// What the command line takes, as ArgumentParser tells it of the declarations of the commands: for what is written about them.
struct CommandDescription: Sendable {
    /// One option, flag or argument.
    struct Argument: Hashable, Sendable {
        enum Kind: String, Sendable { case positional, option, flag }

        let kind: Kind
        /// With their dashes, the short ones first: "-C", "--directory". None of an argument.
        let names: [String]
        let valueName: String
        let isOptional: Bool
        let isRepeating: Bool
        let abstract: String
        let defaultValue: String?
    }

    let name: String
    let abstract: String
    /// Its paragraphs.
    let discussion: [String]
    let arguments: [Argument]
    /// Those that are for people.
    let subcommands: [CommandDescription]

    /// What `type` and its subcommands are. Nil where ArgumentParser says it in a way that this does not know.
    init?(of type: any ParsableCommand.Type) {
        guard let json = JSON(parsing: Array(type._dumpHelp().utf8)), let command = json["command"] else { return nil }
        self.init(command)
    }

    private init?(_ json: JSON) {
        guard let name = json["commandName"]?.string else { return nil }
        self.name = name
        abstract = json["abstract"]?.string ?? ""
        discussion = (json["discussion"]?.string ?? "").split(separator: "\n\n").map(String.init)
        arguments = Self.shown(json["arguments"]).compactMap(Argument.init)
        // ArgumentParser adds the command "help", which every command has as an option.
        subcommands = Self.shown(json["subcommands"]).compactMap(CommandDescription.init).filter { $0.name != "help" }
    }

    private static func shown(_ list: JSON?) -> [JSON] {
        guard case .array(let values) = list else { return [] }
        return values.filter { if case .bool(false) = $0["shouldDisplay"] { false } else { true } }
    }
}

extension CommandDescription.Argument {
    fileprivate init?(_ json: JSON) {
        guard let kind = (json["kind"]?.string).flatMap(Kind.init) else { return nil }
        self.kind = kind
        var names: [String] = []
        if case .array(let values) = json["names"] {
            names = values.compactMap { name in
                name["name"]?.string.map { (name["kind"]?.string == "long" ? "--" : "-") + $0 }
            }
        }
        self.names = names.sorted { ($0.count, $0) < ($1.count, $1) }
        valueName = json["valueName"]?.string ?? ""
        isOptional = if case .bool(true) = json["isOptional"] { true } else { false }
        isRepeating = if case .bool(true) = json["isRepeating"] { true } else { false }
        abstract = json["abstract"]?.string ?? ""
        defaultValue = json["defaultValue"]?.string
    }
}
