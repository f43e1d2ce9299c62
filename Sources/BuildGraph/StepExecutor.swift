/// Something that runs container steps on other machines.
package protocol StepExecutor: Sendable {
    /// Why `step` can't run there; nil where it can.
    func objection(to step: Step) -> String?

    /// Runs `step`, whose inputs are `evaluation`'s, with its output in `log`. Nil where it could not be run there after all, which was
    /// said: then it runs here.
    ///
    /// Throws `StepFailure` where its script fails, and `CancellationError`.
    func run(
        _ step: Step, _ evaluation: StepEvaluation, log: StepLog, report: @escaping @Sendable (StepProgress) -> Void
    ) async throws -> StepResult?
}
