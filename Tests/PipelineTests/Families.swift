import Darksites
import Pipeline

/// What a test that knows the family looks at; nil where it is the other one.
extension Declaration.Distribution {
    var apt: Declaration.APTSource? { if case .apt(let source) = source { source } else { nil } }
    var rpm: Declaration.RPMSource? { if case .rpm(let source) = source { source } else { nil } }
}

extension Snapshot {
    var apt: APTSnapshotContent? { if case .apt(let content) = content { content } else { nil } }
    var rpm: RPMSnapshotContent? { if case .rpm(let content) = content { content } else { nil } }
}
