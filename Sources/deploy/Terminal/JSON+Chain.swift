import Darksites
import Declaration
import Primitives

/// What asks for a package, for programs; `ChainText` has the same for people.
extension JSON {
    static func origin(_ origin: PackageChain.Origin) -> JSON {
        let kind: String
        var because: JSON?
        switch origin {
        case .line: kind = "set"
        case .base(_, let field):
            kind = "base"
            because = .string(field)
        case .module: kind = "zfs-module"
        case .update: kind = "update"
        }
        return .fields([
            "asked": .string(origin.name), "kind": .string(kind), "file": origin.location.map { .string($0.file) },
            "line": origin.location.map { .count($0.line) }, "because": because,
        ])
    }

    static func link(_ link: PackageChain.Link) -> JSON {
        .fields([
            "package": .string(link.name), "version": .string(link.version),
            "architecture": .string(link.architecture), "relation": .string(link.relation),
            "answer": .string(link.answer),
        ])
    }
}
