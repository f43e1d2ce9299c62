import ContentStore
import Primitives

extension BuildRecord {
    /// A line a fact, sealed as the records of steps are.
    package var serialized: String { RecordText.sealed(head + tests.flatMap(Self.lines) + steps.flatMap(Self.lines)) }

    private var head: [String] {
        func line(_ word: String, _ text: String) -> String { "\(word) \(RecordText.escaped(text, endsLine: true))" }
        var lines = [
            "build 1", "number \(number)", "started \(started)", "milliseconds \(duration.milliseconds)",
            line("folder", folder),
            "request" + request.map { " \(RecordText.escaped($0))" }.joined(),
        ]
        switch outcome {
        case .succeeded: lines.append("outcome succeeded")
        case .cancelled: lines.append("outcome cancelled")
        case .failed(let what): lines += ["outcome failed", line("what", what)]
        }
        if let commit { lines.append(line("commit", commit)) }
        if let lock { lines.append("lock \(RecordText.words(lock))") }
        if let page { lines.append("page \(RecordText.words(page))") }
        lines += causes.map { line("cause", $0) }
        lines += phases.map {
            "phase \($0.began.milliseconds) \($0.ended.milliseconds) \(RecordText.escaped($0.name, endsLine: true))"
        }
        if let image {
            lines.append(
                "image \(RecordText.words(image.blob)) \(RecordText.escaped(image.name)) "
                    + RecordText.escaped(image.series))
            lines += image.proofs.map { line("proof", $0) } + image.unproven.map { line("unproven", $0) }
        }
        return lines
    }

    /// A step's first line begins with "step"; what follows up to the next such line is about the same one.
    private static func lines(_ step: StepRun) -> [String] {
        func line(_ word: String, _ text: String) -> String { "\(word) \(RecordText.escaped(text, endsLine: true))" }
        var lines = [
            "step \(RecordText.escaped(step.name.text)) \(step.outcome.rawValue) \(step.began.milliseconds) "
                + "\(step.ended.milliseconds) \(step.cores) \(step.made.bytes)",
            "stage \(step.stage.number) \(RecordText.escaped(step.stage.name)) "
                + RecordText.escaped(step.stage.title, endsLine: true), line("title", step.title),
        ]
        if step.isRemote { lines.append("remote") }
        if let key = step.key { lines.append("key \(key)") }
        if let previous = step.previous { lines.append("previous \(previous)") }
        if let log = step.log { lines.append("log \(RecordText.words(log))") }
        lines += step.needs.map { line("needs", $0.text) }
        if let summary = step.summary { lines.append(line("summary", summary)) }
        lines += step.causes.map { line("because", $0) }
        if let error = step.error { lines.append(line("error", error)) }
        return lines
    }

    /// A test's first line begins with "test"; what follows up to the next such line, or the first step, is about the same one.
    private static func lines(_ test: ImageTest) -> [String] {
        ["test \(test.finished) \(test.duration.milliseconds) \(RecordText.escaped(test.title, endsLine: true))"]
            + test.cases.map { item in
                "case \(item.outcome.rawValue) \(item.duration.milliseconds) \(RecordText.escaped(item.name))"
                    + (item.remark.map { " \(RecordText.escaped($0, endsLine: true))" } ?? "")
            }
    }

    /// The record that `text` is; nil where it is none: a damaged record is as good as no record.
    package init?(serialized text: String) {
        guard let lines = RecordText.lines(of: text) else { return nil }
        let starts = lines.indices.filter { lines[$0].hasPrefix("step ") } + [lines.endIndex]
        let testStarts = lines[..<starts[0]].indices.filter { lines[$0].hasPrefix("test ") } + [starts[0]]
        let facts = RecordFacts(lines[..<testStarts[0]])
        guard facts.first("build") == "1", let number = facts.first("number").flatMap({ Int($0) }),
            let started = facts.first("started").flatMap({ Int64($0) }), let duration = facts.time("milliseconds"),
            let folder = facts.text("folder"), let outcome = Self.outcome(facts)
        else { return nil }
        var steps: [StepRun] = []
        for (start, end) in zip(starts, starts.dropFirst()) {
            guard let step = StepRun(RecordFacts(lines[start..<end])) else { return nil }
            steps.append(step)
        }
        var tests: [ImageTest] = []
        for (start, end) in zip(testStarts, testStarts.dropFirst()) {
            guard let test = ImageTest(RecordFacts(lines[start..<end])) else { return nil }
            tests.append(test)
        }
        self.init(
            number: number, started: started, duration: duration, folder: folder,
            request: facts.words("request").map { RecordText.unescaped($0) }, outcome: outcome,
            commit: facts.text("commit"), lock: facts.blob("lock"), causes: facts.texts("cause"),
            phases: facts.all("phase").compactMap(Self.phase), steps: steps, image: Self.image(facts),
            page: facts.blob("page"), tests: tests)
    }

    private static func outcome(_ facts: RecordFacts) -> Outcome? {
        switch facts.first("outcome") {
        case "succeeded": .succeeded
        case "cancelled": .cancelled
        case "failed": .failed(facts.text("what") ?? "")
        default: nil
        }
    }

    private static func phase(_ value: Substring) -> Phase? {
        let fields = value.split(separator: " ", maxSplits: 2)
        guard fields.count == 3, let began = Int64(fields[0]), let ended = Int64(fields[1]) else { return nil }
        return Phase(
            name: RecordText.unescaped(fields[2]), began: .milliseconds(began), ended: .milliseconds(ended))
    }

    private static func image(_ facts: RecordFacts) -> Image? {
        let fields = facts.words("image")
        guard fields.count == 4, let blob = RecordText.blob(fields[...1]) else { return nil }
        return Image(
            name: RecordText.unescaped(fields[2]), series: RecordText.unescaped(fields[3]), blob: blob,
            proofs: facts.texts("proof"), unproven: facts.texts("unproven"))
    }
}

extension StepRun {
    /// Nil where the lines are not those of a step.
    fileprivate init?(_ facts: RecordFacts) {
        let fields = facts.words("step")
        let stage = facts.first("stage")?.split(separator: " ", maxSplits: 2) ?? []
        guard fields.count == 6, let outcome = Outcome(rawValue: fields[1]), let began = Int64(fields[2]),
            let ended = Int64(fields[3]), let cores = Int(fields[4]), let made = Int64(fields[5]), stage.count == 3,
            let number = Int(stage[0])
        else { return nil }
        self.init(
            name: StepName(RecordText.unescaped(fields[0])),
            stage: Stage(
                number: number, name: RecordText.unescaped(stage[1]), title: RecordText.unescaped(stage[2])),
            title: facts.text("title") ?? "", needs: facts.texts("needs").map { StepName($0) }, outcome: outcome,
            isRemote: facts.first("remote") != nil, key: facts.key("key"), previous: facts.key("previous"),
            began: .milliseconds(began),
            ended: .milliseconds(ended), cores: cores, log: facts.blob("log"), made: ByteCount(made),
            summary: facts.text("summary"), causes: facts.texts("because"), error: facts.text("error"))
    }
}

extension ImageTest {
    /// Nil where the lines are not those of a test.
    fileprivate init?(_ facts: RecordFacts) {
        let fields = facts.first("test")?.split(separator: " ", maxSplits: 2) ?? []
        guard fields.count == 3, let finished = Int64(fields[0]), let duration = Int64(fields[1]) else { return nil }
        var cases: [Case] = []
        for line in facts.all("case") {
            let words = line.split(separator: " ", maxSplits: 3)
            guard words.count >= 3, let outcome = Outcome(rawValue: String(words[0])), let took = Int64(words[1]) else {
                return nil
            }
            cases.append(
                Case(
                    name: RecordText.unescaped(words[2]), outcome: outcome, duration: .milliseconds(took),
                    remark: words.count > 3 ? RecordText.unescaped(words[3]) : nil))
        }
        self.init(
            title: RecordText.unescaped(fields[2]), finished: finished, duration: .milliseconds(duration), cases: cases)
    }
}

/// Lines of a record, by their first words; a word may stand before several.
private struct RecordFacts {
    private var values: [Substring: [Substring]] = [:]

    init(_ lines: ArraySlice<Substring>) {
        for line in lines {
            let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            values[parts[0], default: []].append(parts.count > 1 ? parts[1] : "")
        }
    }

    func all(_ word: String) -> [Substring] { values[Substring(word)] ?? [] }
    func first(_ word: String) -> Substring? { all(word).first }
    func texts(_ word: String) -> [String] { all(word).map { RecordText.unescaped($0) } }
    func text(_ word: String) -> String? { texts(word).first }
    func words(_ word: String) -> [String] { first(word)?.split(separator: " ").map(String.init) ?? [] }
    func time(_ word: String) -> Duration? { first(word).flatMap { Int64($0) }.map { .milliseconds($0) } }
    func blob(_ word: String) -> Blob? { first(word).flatMap { _ in RecordText.blob(words(word)[...]) } }
    func key(_ word: String) -> StepKey? {
        first(word).flatMap { Digest(hex: String($0)) }.map(StepKey.init(digest:))
    }
}

extension Duration {
    /// Rounded down.
    var milliseconds: Int64 { Int64(self / .milliseconds(1)) }
}
