import Locking

/// What a test that knows the family looks at; nil where it is the other one.
extension LockedRequest {
    var apt: LockedAPTRequest? { if case .apt(let request) = source { request } else { nil } }
    var rpm: LockedRPMRequest? { if case .rpm(let request) = source { request } else { nil } }
}
