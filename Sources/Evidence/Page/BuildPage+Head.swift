import BuildGraph
import ContentStore
import Packages
import Primitives

extension BuildPage {
    /// How the build stands, in a word and a colour.
    private var standing: (word: String, kind: Markup) {
        switch build.outcome {
        case .failed: return ("failed", "bad")
        case .cancelled: return ("stopped", "warn")
        case .succeeded:
            guard let image = build.image else { return ("built", "good") }
            if !image.unproven.isEmpty { return ("a draft, not proven", "warn") }
            return image.proofs.isEmpty ? ("built", "good") : ("proven", "good")
        }
    }

    /// The name, how it stands, and the facts.
    var head: Markup {
        let standing = standing
        let date = "\(LockDate(secondsSince1970: build.started))"
        let day = "\(date.prefix(10)), \(date.dropFirst(11).prefix(5)) UTC"
        let name = build.image.map { Self.breakable($0.name) } ?? "build \(build.number)"
        let number: Markup = build.number > 0 ? "build \(build.number)" : "a build"
        return """
            <header>
            <p class="over"><span>kldload · \(number)</span><time datetime="\(date)">\(day)</time></p>
            <h1>\(name)</h1>
            <p class="standing"><span class="pill \(standing.kind)">\(standing.word)</span> \(sentence)</p>
            \(failure)
            <dl class="facts">\(allFacts.map { "<div><dt>\($0.name)</dt><dd>\($0.value)</dd></div>" as Markup }.joined())</dl>
            \(digest)
            </header>
            """
    }

    /// A name that may be broken at its hyphens.
    private static func breakable(_ name: String) -> Markup {
        name.split(separator: "-", omittingEmptySubsequences: false).map { "\(String($0))" as Markup }.joined("-<wbr>")
    }

    private var sentence: Markup {
        let ran = build.count(.ran)
        let remote = build.steps.filter(\.isRemote)
        let workers = remote.count { $0.outcome == .ran }
        let fetched = remote.count { $0.outcome == .cached }
        var parts = ["\(ran.counted("step")) ran\(workers > 0 ? " (\(workers) on workers)" : "")"]
        if fetched > 0 { parts.append("\(fetched) came from the remote cache") }
        if fetched == 0 || build.count(.cached) > fetched { parts.append("\(build.count(.cached) - fetched) cached") }
        let steps = (parts + ["in \(build.duration.shown)"]).joined(separator: ", ")
        switch build.outcome {
        case .failed, .cancelled:
            let left = build.count(.skipped)
            return "\(steps)\(left > 0 ? "; \(left) did not begin" : "")"
        case .succeeded: return "\(steps)"
        }
    }

    private var failure: Markup {
        guard case .failed(let what) = build.outcome else { return "" }
        let step = build.steps.first { $0.outcome == .failed }
        guard let error = step?.error, error != what else { return "<pre class=\"error\">\(what)</pre>" }
        return "<pre class=\"error\">\(error)</pre>"
    }

    private var allFacts: [Fact] {
        var facts: [Fact] = []
        if let image = build.image { facts.append(Fact("size", image.blob.size.description)) }
        facts += self.facts
        facts.append(Fact("asked for", "deploy \(build.request.joined(separator: " "))"))
        if let commit = build.commit { facts.append(Fact("commit", commit)) }
        if let lock = build.lock { facts.append(Fact("deploy.lock", lock.digest.short)) }
        return facts
    }

    private var digest: Markup {
        guard let image = build.image else { return "" }
        return "<p class=\"digest\"><span>sha256</span> <code>\(image.blob.digest.hex)</code></p>"
    }

    /// What gates and certificates say.
    var proof: Markup {
        let image = build.image
        var lines = (image?.proofs ?? []).map { "<li class=\"good\">\($0)</li>" as Markup }
        lines += (image?.unproven ?? []).map { "<li class=\"warn\">not proven: \($0)</li>" as Markup }
        let gates = build.steps.filter { self.gates.contains($0.name) }.map(gate)
        let documents = certificates.map { Self.folded("\($0.title)", $0) }
        let tests = build.tests.map(test)
        guard !lines.isEmpty || !gates.isEmpty || !documents.isEmpty || !tests.isEmpty else { return "" }
        let list: Markup = lines.isEmpty ? "" : "<ul class=\"proofs\">\(lines.joined())</ul>"
        return Self.section(
            "proof", image == nil ? "Gates" : "What it is proven to do", "",
            "\(list)\n<div class=\"folds\">\(gates.joined("\n"))\n\(tests.joined("\n"))\n\(documents.joined("\n"))</div>"
        )
    }

    private func gate(_ step: StepRun) -> Markup {
        let words: Markup =
            switch step.outcome {
            case .ran: "ran, \(step.duration.shown)"
            case .cached: step.isRemote ? "proven elsewhere" : "proven before"
            case .failed: "failed"
            case .stopped: "stopped"
            case .skipped: "did not begin"
            }
        let kind: Markup =
            switch step.outcome {
            case .ran, .cached: "good"
            case .failed: "bad"
            case .stopped: "warn"
            case .skipped: "still"
            }
        let said = step.summary ?? step.title
        let line: Markup =
            "<span class=\"mark \(kind)\"></span><span class=\"name\">\(step.name.text)</span><span class=\"said\">\(said)</span><span class=\"when\">\(words)</span>"
        guard let log = logs[step.name] else { return "<div class=\"row\">\(line)</div>" }
        return Self.folded(line, log, isOpen: step.outcome == .failed)
    }

    private func test(_ test: ImageTest) -> Markup {
        let failed = test.count(.failed)
        let kind: Markup = failed > 0 ? "bad" : "good"
        let date = "\(LockDate(secondsSince1970: test.finished))"
        let found = [(failed, "failed"), (test.count(.passed), "passed"), (test.count(.skipped), "skipped")]
            .filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        let cases = test.cases.map { item -> Markup in
            let mark: Markup =
                switch item.outcome {
                case .passed: "good"
                case .failed: "bad"
                case .skipped: "still"
                }
            let remark: Markup = item.remark.map { "<pre>\($0)</pre>" } ?? ""
            return
                "<li><span class=\"mark \(mark)\"></span><span>\(item.name)\(remark)</span><span class=\"when num\">\(item.duration.shown)</span></li>"
        }
        let open: Markup = failed > 0 ? " open" : ""
        return """
            <details\(open)><summary><span class="mark \(kind)"></span><span class="name">tested: \(found)</span><span class="said">\(test.title)</span><span class="when">\(test.duration.shown), \(String(date.prefix(10)))</span></summary><ul class="cases">\(cases.joined())</ul></details>
            """
    }

    /// Where it all comes from.
    var foot: Markup {
        let check: Markup =
            build.image.map {
                "Is it whole? <code>sha256sum -c \($0.name).sha256</code> · What did a step say? <code>deploy log \(build.number) STEP</code>"
            } ?? "What did a step say? <code>deploy log \(build.number) STEP</code>"
        return "<footer><p>\(check)</p></footer>"
    }
}
