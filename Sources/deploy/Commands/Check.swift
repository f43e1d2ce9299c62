import ArgumentParser
import Darksites
import Pipeline
import Primitives

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check every package of a distribution's locked snapshot: which can't be installed at all, and why.",
        discussion: """
            Of each package the version that would be installed is checked, each by itself. Those that can't be installed are \
            grouped by what is behind it.

            Archives have such packages, so the exit code is 0 whenever the check could be made. Count them with --json.
            """)

    @OptionGroup var options: ProjectOptions
    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    @Argument(help: "The distribution.")
    var distribution: String

    func run() async throws {
        let freshness = freshness
        let distribution = distribution
        try await options.run { project, console in
            let project = freshness.applied(to: project)
            let start = ContinuousClock.now
            let result = try await project.check(distribution)
            let report = CheckReport(
                distribution: distribution, took: ContinuousClock.now - start, style: console.style)
            console.clear()
            if console.mode == .json {
                console.print(report.json(result))
            } else {
                for line in report.lines(result) { console.print(line) }
            }
        }
    }
}

/// Which packages can't be installed, as text and as JSON.
struct CheckReport {
    let distribution: String
    let took: Duration
    let style: Style

    /// The sums, and then every cause with its packages below it.
    func lines(_ report: InstallabilityReport) -> [String] {
        let broken = report.causes.reduce(0) { $0 + $1.packages.count }
        let time = "(\(took.exact))"
        guard broken > 0 else { return ["\(distribution): all \(report.checked) packages can be installed \(time)"] }
        let reasons = report.causes.count == 1 ? "one reason" : "\(report.causes.count) reasons"
        var lines = [
            "\(distribution): \(broken) of \(report.checked) packages can't be installed, for \(reasons) \(time)"
        ]
        for cause in report.causes {
            lines += ["", style.bold(cause.what)]
            for package in cause.packages { lines += self.lines(package) }
        }
        return lines
    }

    /// The package, and the way to the cause where that is not its own.
    private func lines(_ package: InstallabilityReport.Package) -> [String] {
        let name = "  \(package.name) \(package.version) \(package.architecture)"
        if package.steps.count <= 1 { return [name] }
        if package.steps.count == package.chain.count {
            return [name + style.faint(" → " + package.chain.dropFirst().joined(separator: " → "))]
        }
        return [name] + package.steps.map { "      \(style.faint($0))" }
    }

    func json(_ report: InstallabilityReport) -> String {
        JSON.object([
            ("distribution", .string(distribution)), ("checked", .number(Double(report.checked))),
            ("broken", .number(Double(report.causes.reduce(0) { $0 + $1.packages.count }))),
            ("seconds", .number(took / .seconds(1))),
            (
                "causes",
                .array(
                    report.causes.map { cause in
                        .object([
                            ("what", .string(cause.what)), ("packages", .array(cause.packages.map(object))),
                        ])
                    })
            ),
        ]).text
    }

    private func object(_ package: InstallabilityReport.Package) -> JSON {
        .object([
            ("name", .string(package.name)), ("version", .string(package.version)),
            ("architecture", .string(package.architecture)), ("steps", .array(package.steps.map { .string($0) })),
        ])
    }
}
