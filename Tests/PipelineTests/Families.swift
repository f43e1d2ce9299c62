import Darksites

/// What a test that knows the family looks at; nil where it is the other one.
extension Snapshot {
    var apt: APTSnapshotContent? { if case .apt(let content) = content { content } else { nil } }
    var rpm: RPMSnapshotContent? { if case .rpm(let content) = content { content } else { nil } }
}
