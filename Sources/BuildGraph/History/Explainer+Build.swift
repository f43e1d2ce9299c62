import Primitives

extension Explainer {
    /// Explains what became of `step` in `build`, as it was then: against the run that was on record before it.
    package func explain(_ step: StepRun, in build: BuildRecord) async -> StepExplanation {
        let ago = max(now - build.started - step.ended.milliseconds / 1000, 0)
        switch step.outcome {
        case .ran:
            var explanation = await explained(step, .ran(secondsAgo: ago, took: step.duration))
            if step.isRemote { explanation.place = .worker }
            return explanation
        case .failed, .stopped:
            return await explained(step, .failed(secondsAgo: ago, took: step.duration))
        case .cached:
            return StepExplanation(
                step: step.name, verdict: .wasCached,
                remark: step.isRemote
                    ? "its result came from the remote cache" : "what it reads was what it had read before", causes: [])
        case .skipped:
            return StepExplanation(step: step.name, verdict: .neverBegan, remark: "the build ended before", causes: [])
        }
    }

    private func explained(_ step: StepRun, _ verdict: StepExplanation.Verdict) async -> StepExplanation {
        guard let previous = step.previous else {
            let remark = step.causes.first == "first run" ? "it was the first run on record" : step.causes.first
            return StepExplanation(step: step.name, verdict: verdict, remark: remark, causes: [])
        }
        if let key = step.key, let record = await records.record(key), let before = await records.record(previous) {
            let causes = await causes(from: before, inputs: record.inputs, code: record.code, fresh: nil)
            return StepExplanation(step: step.name, verdict: verdict, remark: nil, causes: causes)
        }
        // What a failed run read is on no record: the root causes were noted when it ended.
        let causes = step.causes.map {
            StepExplanation.Cause(subject: $0, details: [], isRoot: true, because: [])
        }
        return StepExplanation(step: step.name, verdict: verdict, remark: nil, causes: causes)
    }
}
