import Primitives
import Testing

@testable import deploy

private struct Wrong: UserError {
    var what = "there is no package \"vmi\""
    var location: Primitives.SourceLocation? = Primitives.SourceLocation(
        file: "package-sets/debian/core.txt", line: 3, column: 1)
    var details: [String] = []
    var hint: String? = "did you mean vim?"
    var isUsageError = true
}

@Suite struct ErrorReportTests {
    private let report = ErrorReport(style: Style(hasColours: false))

    @Test func anErrorSaysWhereWhatAndWhatToDo() {
        #expect(
            report.lines(Wrong(details: ["base wants it", "core wants it"])) == [
                "package-sets/debian/core.txt:3:1: error: there is no package \"vmi\"", "   base wants it",
                "   core wants it",
                "   → did you mean vim?",
            ])
        #expect(report.lines(Wrong(what: "no", location: nil, hint: nil)) == ["error: no"])
    }

    @Test func severalErrorsAreShownOneAfterTheOtherAndCounted() {
        let errors = UserErrors([Wrong(hint: nil), Wrong(what: "second", location: nil)])
        #expect(
            report.lines(errors) == [
                "package-sets/debian/core.txt:3:1: error: there is no package \"vmi\"", "error: second",
                "   → did you mean vim?",
                "2 errors; nothing was changed",
            ])
    }

    @Test func oneErrorAmongSeveralIsShownAsItself() {
        #expect(report.lines(UserErrors([Wrong()])) == report.lines(Wrong()))
        #expect(UserErrors([Wrong(details: ["x"])]).description == Wrong(details: ["x"]).description)
    }

    @Test func programsGetAnObjectForEachError() {
        let errors = UserErrors([Wrong(details: ["base wants it"]), Wrong(what: "second", location: nil, hint: nil)])
        #expect(
            ErrorReport.json(errors).map(\.text) == [
                #"{"event":"error","what":"there is no package \"vmi\"","file":"package-sets/debian/core.txt","#
                    + #""line":3,"column":1,"details":["base wants it"],"hint":"did you mean vim?"}"#,
                #"{"event":"error","what":"second"}"#,
            ])
        #expect(ErrorReport.json(CancellationError()).map(\.text) == [#"{"event":"error","what":"interrupted"}"#])
    }

    @Test func coloursMarkTheWordAndNothingElse() {
        let lines = ErrorReport(style: Style(hasColours: true)).lines(Wrong(hint: nil))
        #expect(lines == ["package-sets/debian/core.txt:3:1: \u{1B}[31merror:\u{1B}[0m there is no package \"vmi\""])
    }

    @Test func exitCodesTellARequestFromAFailureAndAnInterruption() {
        struct Unknown: Error {}
        #expect(ErrorReport.exitCode(Wrong()) == 2)
        #expect(ErrorReport.exitCode(Wrong(isUsageError: false)) == 1)
        #expect(ErrorReport.exitCode(UserErrors([Wrong(), Wrong()])) == 2)
        #expect(ErrorReport.exitCode(UserErrors([Wrong(), Wrong(isUsageError: false)])) == 1)
        #expect(ErrorReport.exitCode(Unknown()) == 1)
        #expect(ErrorReport.exitCode(CancellationError()) == 130)
    }
}
