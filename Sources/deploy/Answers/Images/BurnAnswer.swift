import BuildGraph
import Installation
import Primitives
import SystemPackage

/// What is going to be written over.
struct BurnBeginning: Statement {
    let image: BurnImage
    let device: BlockDevice
    let contents: DeviceContents

    func text(_ style: Style) -> [TextLine] {
        let name = image.path.lastComponent?.string ?? image.path.string
        let known = image.title ?? "none that deploy built"
        let checksum = image.expected == nil ? "no checksum file beside it" : "its checksum file lies beside it"
        return [
            .aside("\(style.bold(name))  \(image.size), \(known); \(checksum)"),
            .aside("\(style.bold(device.path.string))  \(device.summary)"),
        ] + contents.lines.map { .aside("   on it: \($0)") }
    }

    var json: JSON? {
        .fields([
            "event": .string("burn"), "iso": .string(image.path.string), "size": .size(image.size),
            "title": image.title.map(JSON.string), "device": .string(device.path.string),
            "device_size": .size(device.size), "model": device.model.map(JSON.string),
            "contents": .strings(contents.lines),
        ])
    }
}

/// An image that is on a stick.
struct BurnAnswer: Answer {
    let image: BurnImage
    let device: BlockDevice
    let result: BurnResult

    func text(_ style: Style) -> [TextLine] {
        [
            .aside(
                "\(style.good("✓")) \(device.path): written in \(result.writing.shown) (\(rate(result.writing))), "
                    + "read back in \(result.reading.shown) (\(rate(result.reading))), the same: sha256 \(result.digest.hex)"
            )
        ]
    }

    private func rate(_ time: Duration) -> String {
        "\(ByteCount(Int64(Double(image.size.bytes) / max(time / .seconds(1), 0.001))))/s"
    }

    var json: JSON? {
        .fields([
            "iso": .string(image.path.string), "device": .string(device.path.string), "size": .size(image.size),
            "sha256": .string(result.digest.hex), "checked": .bool(image.expected != nil),
            "seconds_writing": .time(result.writing), "seconds_reading": .time(result.reading),
        ])
    }
}
