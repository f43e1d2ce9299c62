import APT
import Primitives
import Solver
import SystemPackage

/// Answers requests one after the other, as `Tests/judges/apt-requests` compares them with apt's answers.
struct RequestAnswers {
    private let universe: DebianUniverse
    private let takesRecommends: Bool

    init(table: PackageTable, takesRecommends: Bool) {
        universe = DebianUniverse(table, includesRecommends: takesRecommends)
        self.takesRecommends = takesRecommends
    }

    /// Prints a line for each line of names in `file`: "yes name=version …", sorted, or "no" and the reason.
    /// The last line is "time" and the milliseconds that all of them took.
    func print(for file: FilePath) throws {
        let requests = try Files.readText(file).split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        var solver = Solver(universe: universe)
        var lines: [String] = []
        let start = ContinuousClock.now
        for names in requests { lines.append(try answer(names, &solver)) }
        let time = ContinuousClock.now - start
        for line in lines { Swift.print(line) }
        Swift.print("time \(Int(time / .milliseconds(1)))")
    }

    private func answer(_ names: [String], _ solver: inout Solver) throws -> String {
        var items: [Requirement] = []
        for (number, name) in names.enumerated() {
            do throws(PackageRequestError) {
                items.append(try universe.requirement(for: PackageRequest(name: name), label: Int32(number)))
            } catch {
                return "no \(error)"
            }
        }
        let request = SolverRequest(items: items, takesOptionalRequirements: takesRecommends)
        switch try solver.solve(request) {
        case .solved(let solution):
            let packages = solution.packages.map { "\(universe.table.name(of: $0))=\(universe.table.version(of: $0))" }
            return "yes \(packages.sorted().joined(separator: " "))"
        case .impossible(let explanation):
            let steps = explanation.steps(in: universe) { names[Int($0)] }
            return "no \(steps.joined(separator: " "))"
        }
    }
}
