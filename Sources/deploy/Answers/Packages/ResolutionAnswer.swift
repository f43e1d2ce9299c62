import Darksites
import Primitives

/// What a request would bring, or why it can't be had.
struct ResolutionAnswer: Answer {
    enum Outcome: Sendable {
        case possible(AdHocAnswer)
        case impossible(AdHocImpossible)
    }

    let distribution: String
    let outcome: Outcome

    var ending: Ending {
        switch outcome {
        case .possible: .success
        case .impossible(let error): .error(error)
        }
    }

    func text(_ style: Style) -> [TextLine] {
        guard case .possible(let answer) = outcome else { return [] }
        return answer.remarks.map { .aside("\(style.warning("warning:")) \($0)") } + .results(lines(answer, style))
    }

    /// A line for each package that is added or was asked for, then the sums.
    private func lines(_ answer: AdHocAnswer, _ style: Style) -> [String] {
        let listed = answer.packages.filter { $0.isAdded || $0.request != nil }
        var rows = listed.map { row($0, mark: $0.request == nil ? " " : "*", style) }
        rows += answer.replaced.map { row($0, mark: "-", style) }
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

    private func row(_ package: AdHocAnswer.Package, mark: String, _ style: Style) -> [String] {
        let name = package.request == nil ? package.name : style.bold(package.name)
        return [mark, name, package.version, package.architecture, "\(package.size)"]
    }

    private func sum(_ total: AdHocAnswer.Total) -> String {
        "\(total.packages.counted("package")), \(total.download) to download, \(total.installed) installed"
    }

    /// Every package is in it.
    var json: JSON? {
        switch outcome {
        case .possible(let answer):
            .fields([
                "distribution": .string(distribution), "possible": .bool(true),
                "on": answer.ground.map(JSON.string), "packages": .list(answer.packages, Self.package),
                "replaced": .list(answer.replaced, Self.package), "added": Self.total(answer.addedTotal),
                "before": Self.total(answer.groundTotal), "total": Self.total(answer.total),
                "remarks": .strings(answer.remarks),
            ])
        case .impossible(let error):
            .fields([
                "distribution": .string(distribution), "possible": .bool(false), "requests": .strings(error.requests),
                "what": .string(error.what), "steps": .strings(error.steps), "remedies": .strings(error.remedies),
            ])
        }
    }

    private static func package(_ package: AdHocAnswer.Package) -> JSON {
        .fields([
            "name": .string(package.name), "version": .string(package.version),
            "architecture": .string(package.architecture), "size": .size(package.size),
            "installed_size": .size(package.installedSize), "added": .bool(package.isAdded),
            "request": package.request.map(JSON.string), "needed_by": package.neededBy.map(JSON.string),
        ])
    }

    private static func total(_ total: AdHocAnswer.Total) -> JSON {
        .fields([
            "packages": .count(total.packages), "size": .size(total.download),
            "installed_size": .size(total.installed),
        ])
    }
}
