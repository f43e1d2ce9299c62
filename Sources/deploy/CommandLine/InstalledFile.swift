import ArgumentParser
import Primitives
import SystemPackage

/// A file that makes `deploy` a command of this machine.
struct InstalledFile: Sendable {
    /// What each of them says in its first lines: no other file is written over or removed.
    static let mark = "Written by deploy install-cli, which replaces and removes this file."

    /// What is at its place.
    enum State: String, Sendable {
        case missing, same, older
        /// Of somebody else.
        case foreign
    }

    let path: FilePath
    let content: String
    let isExecutable: Bool

    /// Looks at what is there. Throws `FileError` where it can't be read.
    func state() throws -> State {
        guard let status = try FileStatus(at: path) else { return .missing }
        guard status.kind == .regular else { return .foreign }
        let found = try Files.read(path)
        let isSame = found.elementsEqual(content.utf8) && (status.permissions & 0o111 != 0) == isExecutable
        guard !isSame else { return .same }
        let head = String(decoding: found.prefix(400), as: UTF8.self)
        return head.contains(Self.mark) ? .older : .foreign
    }

    /// Puts it there. Throws `FileError`.
    func write() throws(FileError) {
        try Files.createDirectory(path.removingLastComponent())
        try Files.write(
            content.utf8, to: path,
            permissions: isExecutable
                ? [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute]
                : [.ownerReadWrite, .groupRead, .otherRead])
    }
}

extension InstalledFile {
    /// The launcher, man page and completions below `prefix`; the launcher runs the tool of `checkout` where one stands in no other.
    ///
    /// Throws `CommandLineUnknown` where ArgumentParser says in another way what there is.
    static func all(below prefix: FilePath, checkout: FilePath, date: String) throws(CommandLineUnknown)
        -> [InstalledFile]
    {
        guard let command = CommandDescription(of: Deploy.self) else { throw CommandLineUnknown() }
        let home = "'" + checkout.string.replacing("'", with: "'\\''") + "'"
        let launcher = String(decoding: PackageResources.launcher_sh, as: UTF8.self).replacing("@HOME@", with: home)
        let page = ManPage(command: command, version: Deploy.configuration.version, date: date)
        return [
            InstalledFile(path: prefix.pushing("bin/deploy"), content: launcher, isExecutable: true),
            InstalledFile(path: prefix.pushing("share/man/man1/deploy.1"), content: page.text, isExecutable: false),
            completion(.bash, at: prefix.pushing("share/bash-completion/completions/deploy")),
            completion(.zsh, at: prefix.pushing("share/zsh/site-functions/_deploy")),
            completion(.fish, at: prefix.pushing("share/fish/vendor_completions.d/deploy.fish")),
        ]
    }

    private static func completion(_ shell: CompletionShell, at path: FilePath) -> InstalledFile {
        var lines = Deploy.completionScript(for: shell).split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
        // zsh wants "#compdef" in the first line.
        lines.insert("# \(mark)", at: min(lines.first?.hasPrefix("#") == true ? 1 : 0, lines.count))
        let text = lines.joined(separator: "\n")
        return InstalledFile(path: path, content: text.hasSuffix("\n") ? text : text + "\n", isExecutable: false)
    }
}

/// ArgumentParser describes commands in a way that this deploy does not know: another version of it.
struct CommandLineUnknown: UserError {
    var what: String { "what ArgumentParser says of the commands can't be read" }
}
