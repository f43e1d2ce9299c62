import ArgumentParser
import Darksites
import Pipeline
import Primitives

struct Resolve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what packages would bring with them, against the locked snapshot; the lock stays as it is.",
        discussion: """
            A request is NAME, NAME=VERSION, NAME/SUITE, NAME:ARCHITECTURE, or -NAME for what must not be in (after `--` where \
            it looks like an option: `-- -jq`). What comes on top \
            of the base system of an installation is listed, or on top of a profile (--profile). `*` marks what was asked for. \
            With --json, all packages are listed.

            Exit codes: 0 it can be installed, 1 it can't, and why, 2 a name means nothing.
            """)

    @OptionGroup var options: ProjectOptions
    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    @Argument(help: "The distribution.")
    var distribution: String

    @Option(help: "On top of this profile and all its sets. The environment's PROFILE does not count here.")
    var profile: String?

    @Flag(help: "Follow the Recommends of what is added.")
    var recommends = false

    @Flag(help: "On top of nothing, not even the base system.")
    var empty = false

    @Argument(parsing: .allUnrecognized, help: "What is asked for.")
    var requests: [String] = []

    mutating func validate() throws {
        if empty, profile != nil { throw ValidationError("--empty and --profile exclude each other") }
        requests.removeAll { $0 == "--" }
        guard !requests.isEmpty else {
            throw ValidationError("name what is asked for, for example: deploy resolve debian nginx")
        }
        if let option = requests.first(where: { $0.hasPrefix("--") }) {
            throw ValidationError("Unknown option '\(option)'")
        }
    }

    func run() async throws {
        let freshness = freshness
        let (words, distribution, profile, empty, recommends) = (requests, distribution, profile, empty, recommends)
        try await options.run { project, console in
            let project = freshness.applied(to: project)
            do {
                let answer = try await project.resolve(
                    words, in: distribution, profile: profile, isEmpty: empty, includesRecommends: recommends)
                console.clear()
                let report = AdHocReport(distribution: distribution, style: console.style)
                if console.mode == .json {
                    console.print(report.json(answer))
                } else {
                    for remark in answer.remarks { console.say("\(console.style.warning("warning:")) \(remark)") }
                    for line in report.lines(answer) { console.print(line) }
                }
            } catch let impossible as AdHocImpossible {
                if console.mode == .json {
                    console.print(AdHocReport(distribution: distribution, style: console.style).json(impossible))
                }
                throw impossible
            }
        }
    }
}

/// What an ad-hoc request came to, as text and as JSON.
struct AdHocReport {
    let distribution: String
    let style: Style

    /// A line for each package that is added or was asked for, then the sums.
    func lines(_ answer: AdHocAnswer) -> [String] {
        let listed = answer.packages.filter { $0.isAdded || $0.request != nil }
        var rows = listed.map { row($0, mark: $0.request == nil ? " " : "*") }
        rows += answer.replaced.map { row($0, mark: "-") }
        var lines = Table.lines(rows, alignedRight: [4])
        for package in listed where !package.isAdded {
            lines.append("\(package.name) is in \(answer.ground ?? "") already")
        }
        if !answer.replaced.isEmpty {
            lines.append("- marks what \(answer.ground ?? "") has without this, and not with it")
        }
        let added = answer.addedTotal
        guard let ground = answer.ground else { return lines + ["total: \(sum(added))"] }
        lines.append("added: \(sum(added))")
        lines.append("\(ground): \(sum(answer.groundTotal)); together: \(sum(answer.total))")
        return lines
    }

    private func row(_ package: AdHocAnswer.Package, mark: String) -> [String] {
        let name = package.request == nil ? package.name : style.bold(package.name)
        return [mark, name, package.version, package.architecture, "\(package.size)"]
    }

    private func sum(_ total: AdHocAnswer.Total) -> String {
        "\(total.packages.counted("package")), \(total.download) to download, \(total.installed) installed"
    }

    /// One object; every package is in it.
    func json(_ answer: AdHocAnswer) -> String {
        var fields: [(String, JSON)] = [("distribution", .string(distribution)), ("possible", .bool(true))]
        if let ground = answer.ground { fields.append(("on", .string(ground))) }
        fields += [
            ("packages", .array(answer.packages.map(object))), ("replaced", .array(answer.replaced.map(object))),
            ("added", object(answer.addedTotal)), ("before", object(answer.groundTotal)),
            ("total", object(answer.total)), ("remarks", .array(answer.remarks.map { .string($0) })),
        ]
        return JSON.object(fields).text
    }

    func json(_ impossible: AdHocImpossible) -> String {
        JSON.object([
            ("distribution", .string(distribution)), ("possible", .bool(false)),
            ("requests", .array(impossible.requests.map { .string($0) })), ("what", .string(impossible.what)),
            ("steps", .array(impossible.steps.map { .string($0) })),
            ("remedies", .array(impossible.remedies.map { .string($0) })),
        ]).text
    }

    private func object(_ package: AdHocAnswer.Package) -> JSON {
        var fields: [(String, JSON)] = [
            ("name", .string(package.name)), ("version", .string(package.version)),
            ("architecture", .string(package.architecture)), ("size", .number(Double(package.size.bytes))),
            ("installed_size", .number(Double(package.installedSize.bytes))), ("added", .bool(package.isAdded)),
        ]
        if let request = package.request { fields.append(("request", .string(request))) }
        if let parent = package.neededBy { fields.append(("needed_by", .string(parent))) }
        return .object(fields)
    }

    private func object(_ total: AdHocAnswer.Total) -> JSON {
        .object([
            ("packages", .number(Double(total.packages))), ("size", .number(Double(total.download.bytes))),
            ("installed_size", .number(Double(total.installed.bytes))),
        ])
    }
}
