import ArgumentParser
import Pipeline

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check what this machine has, and say what mends it.")

    @OptionGroup var options: CommonOptions

    func run() async throws {
        try await options.run { project, console in
            var isWell = true
            for check in await project.examine() {
                let mark = check.isWell ? console.style.good("✓") : console.style.bad("✗")
                console.print("\(mark) \(check.subject.padded(20)) \(check.finding)")
                if let remedy = check.remedy { console.print("  \(" ".padded(20)) → \(remedy)") }
                isWell = isWell && check.isWell
            }
            if !isWell { throw CommandFailure(code: 1) }
        }
    }
}
