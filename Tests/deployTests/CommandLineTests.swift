import ArgumentParser
import Primitives
import SystemPackage
import Testing

@testable import deploy

#if canImport(Glibc)
private import Glibc
#endif

@Suite("What is written about the command line") struct CommandLineTests {
    private let folder: PrivateFolder

    init() throws { folder = try PrivateFolder() }

    private func page() throws -> ManPage {
        ManPage(command: try #require(CommandDescription(of: Deploy.self)), version: "1.2", date: "2026-11-29")
    }

    @Test("Every command that is for people is in the man page, with every option of its own") func everything() throws
    {
        let command = try #require(CommandDescription(of: Deploy.self))
        let text = try page().text
        #expect(command.subcommands.map(\.name).contains("install-cli"))
        for command in command.subcommands {
            #expect(text.contains("\n.SS \(command.name.replacing("-", with: "\\-"))\n"))
            for argument in command.arguments.filter({ $0.kind != .positional }) {
                for name in argument.names { #expect(text.contains("\\fB\(name.replacing("-", with: "\\-"))\\fR")) }
            }
        }
        #expect(!text.contains("missing\\-packages"))
        // What all take stands there once.
        #expect(text.split(separator: "\n").filter { $0.hasPrefix("\\fB\\-C\\fR, ") }.count == 1)
    }

    @Test("No word of a text is a request of roff") func escaped() throws {
        let page = ManPage(
            command: try #require(
                CommandDescription(of: Deploy.self)), version: "1\"2", date: "2026-11-29")
        let requests = Set(
            page.text.split(separator: "\n").filter { $0.hasPrefix(".") }.map { $0.prefix { $0 != " " } })
        #expect(requests.isSubset(of: [".\\\"", ".TH", ".SH", ".SS", ".B", ".I", ".PP", ".TP"]))
    }

    @Test("What is there of somebody else is told from an older one and from the same") func states() throws {
        let file = InstalledFile(
            path: folder.path.pushing("bin/deploy"), content: "# \(InstalledFile.mark)\nnew\n", isExecutable: true)
        #expect(try file.state() == .missing)
        try file.write()
        #expect(try file.state() == .same)
        try Files.write("# \(InstalledFile.mark)\nold\n".utf8, to: file.path)
        #expect(try file.state() == .older)
        try Files.write("#!/bin/sh\n".utf8, to: file.path)
        #expect(try file.state() == .foreign)
        try Files.remove(file.path)
        #expect(symlink("/bin/true", file.path.string) == 0)
        #expect(try file.state() == .foreign)
    }

    @Test(
        "A first word that is no command is named, with the nearest one",
        arguments: [
            (["nosuch"], "there is no command \"nosuch\""),
            (["nosuch", "-C", "."], "there is no command \"nosuch\""),
            (["bild", "--json"], "there is no command \"bild\": did you mean build?"),
            (["statsu"], "there is no command \"statsu\": did you mean status?"),
            (["missing-package"], "there is no command \"missing-package\""),
        ])
    func unknown(arguments: [String], what: String) throws {
        let unknown = try #require(UnknownCommand(arguments))
        #expect(unknown.what == what)
        #expect(unknown.wantsJSON == arguments.contains("--json"))
    }

    @Test(
        "Commands, options and nothing at all are left to ArgumentParser",
        arguments: [
            [], ["--help"], ["-C", "."], ["build", "x"], ["help", "build"], ["missing-packages"], ["---completion"],
        ])
    func known(arguments: [String]) { #expect(UnknownCommand(arguments) == nil) }

    @Test(
        "A negative number is a number that is wrong, and no option",
        arguments: [
            ["test", "--disks", "-6"], ["test", "--cut", "-1"], ["test", "--cpus", "-1"], ["test", "--memory", "-5"],
            ["test", "--timeout", "-1"], ["status", "-j", "-6"], ["status", "--jobs", "-6"],
        ])
    func negative(arguments: [String]) {
        #expect {
            try Deploy.parseAsRoot(arguments)
        } throws: { error in
            Deploy.message(for: error).contains(" takes a number from ")
        }
    }
}
