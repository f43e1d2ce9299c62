import Primitives

/// The one place where errors become text, and objects for programs.
struct ErrorReport {
    let style: Style

    /// The lines to show for `error`: what is wrong and where, the facts, what to do.
    func lines(_ error: any Error) -> [String] {
        if error is CancellationError {
            return ["interrupted; what was finished is kept, and the next build goes on from there"]
        }
        if let several = error as? UserErrors {
            let all = several.errors.flatMap(lines)
            return several.errors.count == 1 ? all : all + ["\(several.errors.count) errors; nothing was changed"]
        }
        guard let error = error as? any UserError else { return [style.bad("error:") + " \(error)"] }
        let place = error.location.map { "\($0): " } ?? ""
        return ["\(place)\(style.bad("error:")) \(error.what)"] + error.details.map { "   \($0)" }
            + (error.hint.map { ["   \(style.faint("→")) \($0)"] } ?? [])
    }

    /// An object for `error`, or for each that it is made of.
    static func json(_ error: any Error) -> [JSON] {
        if error is CancellationError { return [json("interrupted")] }
        if let several = error as? UserErrors { return several.errors.flatMap(json) }
        guard let error = error as? any UserError else { return [json("\(error)")] }
        return [json(error.what, at: error.location, details: error.details, hint: error.hint)]
    }

    /// An object for an error that is known by these words.
    static func json(
        _ what: String, at location: SourceLocation? = nil, details: [String] = [], hint: String? = nil
    ) -> JSON {
        .fields([
            "event": .string("error"), "what": .string(what), "file": location.map { .string($0.file) },
            "line": location.map { .count($0.line) }, "column": location.map { .count($0.column) },
            "details": details.isEmpty ? nil : .strings(details), "hint": hint.map(JSON.string),
        ])
    }

    /// 2 where the request was wrong, 130 after an interruption, 1 for everything else that failed.
    static func exitCode(_ error: any Error) -> Int32 {
        if error is CancellationError { return 130 }
        return (error as? any UserError)?.isUsageError == true ? 2 : 1
    }
}
