import Darksites
import Primitives

/// Which packages can't be installed.
struct CheckAnswer: Answer {
    let distribution: String
    let report: InstallabilityReport
    let took: Duration

    private var broken: Int { report.causes.reduce(0) { $0 + $1.packages.count } }

    func text(_ style: Style) -> [TextLine] { .results(lines(style)) }

    /// The sums, and then every cause with its packages below it.
    private func lines(_ style: Style) -> [String] {
        let time = "(\(took.exact))"
        guard broken > 0 else { return ["\(distribution): all \(report.checked) packages can be installed \(time)"] }
        let reasons = report.causes.count == 1 ? "one reason" : "\(report.causes.count) reasons"
        var lines = [
            "\(distribution): \(broken) of \(report.checked) packages can't be installed, for \(reasons) \(time)"
        ]
        for cause in report.causes {
            lines += ["", style.bold(cause.what)]
            for package in cause.packages { lines += self.lines(package, style) }
        }
        return lines
    }

    /// The package, and the way to the cause where that is not its own.
    private func lines(_ package: InstallabilityReport.Package, _ style: Style) -> [String] {
        let name = "  \(package.name) \(package.version) \(package.architecture)"
        if package.steps.count <= 1 { return [name] }
        if package.steps.count == package.chain.count {
            return [name + style.faint(" → " + package.chain.dropFirst().joined(separator: " → "))]
        }
        return [name] + package.steps.map { "      \(style.faint($0))" }
    }

    var json: JSON? {
        let causes = report.causes.map { cause in
            JSON.fields(["what": .string(cause.what), "packages": .list(cause.packages, Self.package)])
        }
        return .fields([
            "distribution": .string(distribution), "checked": .count(report.checked), "broken": .count(broken),
            "seconds": .time(took), "causes": .array(causes),
        ])
    }

    private static func package(_ package: InstallabilityReport.Package) -> JSON {
        .fields([
            "name": .string(package.name), "version": .string(package.version),
            "architecture": .string(package.architecture), "steps": .strings(package.steps),
        ])
    }
}
