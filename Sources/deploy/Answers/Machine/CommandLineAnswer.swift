import Primitives
import SystemPackage

/// What was put in place, or taken away, so that `deploy` is a command of this machine.
struct CommandLineAnswer: Answer {
    struct Item: Sendable {
        let path: FilePath
        /// What was there before.
        let state: InstalledFile.State
        var isChanged = false
    }

    let prefix: FilePath
    let items: [Item]
    let uninstalls: Bool
    let isDryRun: Bool
    /// Whether the shell finds what lies in the prefix's bin.
    let isOnPath: Bool

    func text(_ style: Style) -> [TextLine] {
        var lines = items.map { TextLine.result("\(word($0).padded(13)) \($0.path)") }
        guard !uninstalls, !isDryRun else { return lines }
        if !isOnPath { lines.append(.aside("\(prefix)/bin is not on PATH: export PATH=\(prefix)/bin:$PATH")) }
        lines.append(.aside("bash: a new shell has the completion, where the package bash-completion is installed"))
        if prefix != "/usr/local" {
            lines.append(.aside("zsh: before compinit, in ~/.zshrc: fpath+=(\(prefix)/share/zsh/site-functions)"))
        }
        return lines
    }

    private func word(_ item: Item) -> String {
        guard item.isChanged else {
            return item.state == .missing ? "not there" : item.state == .foreign ? "left alone" : "is so already"
        }
        let verb = uninstalls ? "removed" : "written"
        return isDryRun ? "to be \(verb)" : verb
    }

    var json: JSON? {
        .fields([
            "prefix": .string(prefix.string), "dry_run": .bool(isDryRun), "uninstall": .bool(uninstalls),
            "files": .list(items) { item in
                .fields([
                    "path": .string(item.path.string), "before": .string(item.state.rawValue),
                    "changed": .bool(item.isChanged),
                ])
            },
        ])
    }
}
