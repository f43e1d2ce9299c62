import Pipeline
import Primitives
import SystemPackage

/// The file that a cache was exported to.
struct ExportAnswer: Answer {
    let cache: ExportedCache

    func text(_ style: Style) -> [TextLine] {
        let results = cache.runs > 0 ? ", \(cache.runs.counted("result")) of steps" : ""
        let aside = TextLine.aside(
            "\(cache.blobs.counted("blob")), \(cache.content)\(results): \(cache.size) packed")
        return (cache.path.map { [.result($0.string)] } ?? []) + [aside]
    }

    var json: JSON? {
        .fields([
            "path": cache.path.map { .string($0.string) }, "size": .size(cache.size), "blobs": .count(cache.blobs),
            "content": .size(cache.content), "runs": .count(cache.runs),
        ])
    }
}

/// What came in with a cache file.
struct ImportAnswer: Answer {
    let cache: ImportedCache

    func text(_ style: Style) -> [TextLine] {
        var lines = [
            TextLine.aside("\(cache.blobs.counted("blob")) came in, \(cache.size); the store had \(cache.known)")
        ]
        switch cache.lock {
        case .written: lines.append(.aside("deploy.lock came with the file: there was none"))
        case .same: break
        case .other:
            lines.append(.aside("the file was made for another deploy.lock than the one here, which stays as it is"))
        }
        if let runs = cache.runs {
            lines.append(.aside("\(runs.counted("result")) of steps taken"))
        } else if cache.runsInFile > 0 {
            lines.append(
                .aside(
                    "\(cache.runsInFile.counted("result")) of steps left out: --with-results takes them, and believes whoever made them"
                ))
        }
        return lines
    }

    var json: JSON? {
        .fields([
            "blobs": .count(cache.blobs), "size": .size(cache.size), "known": .count(cache.known),
            "lock": .string(cache.lock.rawValue), "runs": .count(cache.runs ?? 0),
            "runs_in_file": .count(cache.runsInFile),
        ])
    }
}
