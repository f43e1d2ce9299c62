import BuildGraph
import ContentStore
import Declaration
import Evidence
import Installation
import Primitives
import SystemPackage

extension Project {
    /// How many tests of one image are remembered.
    private static let testsKept = 8

    /// Notes what a test found with the build that made the image, and makes the page about that build anew. An image that no kept
    /// build made has neither. That something can't be written is said, and no reason for the test to fail.
    func remember(_ report: TestReport, of image: FilePath) async {
        let name = image.lastComponent?.string ?? ""
        do {
            guard try builds().contains(where: { $0.image?.name == name }) else { return }
            try await holdingStore { _ in
                guard var build = try builds().first(where: { $0.image?.name == name }) else { return }
                build.tests = Array(
                    ([ImageTest(report, finished: surroundings.now())] + build.tests).prefix(Self.testsKept))
                if let lock = await lock(of: build) {
                    let page = await PageMaker(project: self, lock: lock, build: build).page().html
                    build.page = try await store.insert(Array(page.utf8))
                    let file = declaration.output.folder.appending(PublishedFiles.page(of: name))
                    if Files.exists(file) { try Files.write(page.utf8, to: file) }
                }
                try BuildHistory(records: records).save(build, keeping: declaration.builds.keep)
            }
        } catch {
            let words = (error as? any UserError)?.what ?? "\(error)"
            events(.warning("the page about \(name) does not know of this test: \(words)"))
        }
    }
}

extension ImageTest {
    fileprivate init(_ report: TestReport, finished: Int64) {
        self.init(
            title: report.title, finished: finished, duration: report.duration,
            cases: report.cases.map { item in
                switch item.outcome {
                case .passed: Case(name: item.name, outcome: .passed, duration: item.duration, remark: nil)
                case .skipped(let why): Case(name: item.name, outcome: .skipped, duration: item.duration, remark: why)
                case .failed(let what, let details):
                    Case(
                        name: item.name, outcome: .failed, duration: item.duration,
                        remark: ([what] + details.suffix(40)).joined(separator: "\n"))
                }
            })
    }
}
