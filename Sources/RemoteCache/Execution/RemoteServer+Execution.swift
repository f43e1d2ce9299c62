import Primitives
import Synchronization

extension RemoteServer {
    /// How far an execution is.
    enum Stage: Sendable {
        case queued
        case executing
        /// Not every server says.
        case unknown
    }

    /// Has the action with this digest run, and waits for its end. `stage` is called as the server says where it is.
    ///
    /// Throws `CallFailure`, also where the action could not be run. When the task is cancelled the server is told so.
    func execute(
        _ action: DigestMessage, limit: Duration, stage: @escaping @Sendable (Stage) -> Void
    ) async throws -> ActionResultMessage {
        let request = ExecuteRequest(instance: address.instance, action: action)
        let operation = Mutex("")
        let end = Mutex<OperationMessage?>(nil)
        do {
            // It is silent while the action runs: whether the other end is still there, TCP finds out.
            try await call(
                "/build.bazel.remote.execution.v2.Execution/Execute", request,
                patience: Patience(stall: nil, limit: limit)
            ) { message in
                let update = try OperationMessage(message)
                operation.withLock { $0 = update.name }
                if update.isDone {
                    end.withLock { $0 = update }
                } else if let metadata = update.metadata {
                    switch try ExecutionStageMessage(metadata.value[...]).stage {
                    case 2: stage(.queued)
                    case 3: stage(.executing)
                    default: stage(.unknown)
                    }
                }
            }
        } catch {
            // To end the call does not end the action.
            let name = operation.withLock { $0 }
            if !name.isEmpty, end.withLock({ $0 == nil }) { await cancel(name) }
            throw error
        }
        guard let end = end.withLock({ $0 }) else {
            throw CallFailure(.unavailable, "the server stopped telling of the action before its end")
        }
        if let error = end.error, error.code != 0 { throw CallFailure(error) }
        guard let response = end.response else { throw CallFailure(.internalError, "the server says of no result") }
        let answer = try ExecuteAnswer(response.value[...])
        guard answer.status.code == 0 else { throw CallFailure(answer.status) }
        return answer.result
    }

    /// Tells the server that nobody waits for this operation any more, also when this task is cancelled itself.
    private func cancel(_ name: String) async {
        let patience = Patience(stall: .seconds(5), limit: .seconds(5))
        // Whoever can't be told so will find nobody listening.
        try? await call(
            "/google.longrunning.Operations/CancelOperation", OperationRequest(name: name), patience: patience,
            isCancellable: false
        ) { _ in }
    }
}
