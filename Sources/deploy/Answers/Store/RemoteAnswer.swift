import BuildGraph
import Pipeline
import Primitives
import RemoteCache

/// What the cache is like that other builds use, too.
struct RemoteAnswer: Answer {
    let standing: Project.RemoteStanding

    init(_ standing: Project.RemoteStanding) { self.standing = standing }

    func text(_ style: Style) -> [TextLine] {
        let survey = standing.survey
        var rows = [
            ("address", "\(standing.options.address)\(standing.options.isReadOnly ? ", used read-only" : "")"),
            ("answers in", "\(Int(survey.latency / .microseconds(1))) µs"),
            ("results", survey.mayUpdateResults ? "may be put there" : "can only be read"),
            ("runs steps", survey.executes ? "yes" : "no"),
            ("packs with zstd", survey.packsWithZstd ? "yes" : "no"),
            ("small blobs", "up to \(survey.mostBatchBytes) in one message"),
        ]
        if let upload = survey.upload, let download = survey.download {
            rows.append(("upload", rate(upload)))
            rows.append(("download", rate(download)))
        }
        if let holding = standing.holding {
            let size = holding.results > 0 ? ", \(holding.size)" : ""
            rows.append(("this image", "\(holding.results) of \(holding.steps) results are there\(size)"))
        }
        rows.append(
            (
                "last builds",
                "\(standing.hits) of \(standing.asked) results that were not here, in \(standing.builds.counted("build"))"
            ))
        return .results(rows.map { "\($0.padded(16)) \($1)" })
    }

    private func rate(_ time: Duration) -> String {
        "\(RemoteSurvey.sample) in \(time.shown), \(ByteCount(Int64(Double(RemoteSurvey.sample.bytes) / (time / .seconds(1)))))/s"
    }

    var json: JSON? {
        let survey = standing.survey
        return .fields([
            "address": .string("\(standing.options.address)"), "readonly": .bool(standing.options.isReadOnly),
            "latency": .time(survey.latency), "updates": .bool(survey.mayUpdateResults),
            "executes": .bool(survey.executes),
            "zstd": .bool(survey.packsWithZstd), "batch": .size(survey.mostBatchBytes),
            "sample": .size(RemoteSurvey.sample),
            "upload": survey.upload.map(JSON.time), "download": survey.download.map(JSON.time),
            "builds": .count(standing.builds), "asked": .count(standing.asked), "hits": .count(standing.hits),
            "steps": standing.holding.map { .count($0.steps) }, "results": standing.holding.map { .count($0.results) },
            "size": standing.holding.map { .size($0.size) },
        ])
    }
}

/// What went into the cache.
struct PushAnswer: Answer {
    let results: Int
    let traffic: RemoteCache.Traffic

    func text(_ style: Style) -> [TextLine] {
        .results(["\(results) results; \(traffic.uploaded) blobs went there, \(traffic.bytesUploaded)"])
    }

    var json: JSON? {
        .fields([
            "results": .count(results), "uploaded": .count(traffic.uploaded), "bytes": .size(traffic.bytesUploaded),
        ])
    }
}
