import Testing

@testable import deploy

@Suite struct LeadingOptionsTests {
    @Test(arguments: [
        (["-C", "d", "status"], ["status", "-C", "d"]),
        (["--directory=d", "--json", "build", "x"], ["build", "--directory=d", "--json", "x"]),
        (["--directory", "d", "-j8", "-C=d", "build"], ["build", "--directory", "d", "-j8", "-C=d"]),
        (["status", "-C", "d"], ["status", "-C", "d"]), (["-C"], ["-C"]), (["-C", "d"], ["-C", "d"]),
        (["--help"], ["--help"]), (["-C", "d", "--help"], ["-C", "d", "--help"]), ([], []),
    ])
    func theyComeBehindTheCommand(given: [String], meant: [String]) { #expect(LeadingOptions.moved(given) == meant) }
}
