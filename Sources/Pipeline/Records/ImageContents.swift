import BuildGraph
import Evidence
import Locking
import Primitives

/// What lies on an image, by the inputs of the step that wrote it: "root/live/vmlinuz", "boot/efi.img".
struct ImageContents {
    /// Of each input its size.
    let inputs: [String: ByteCount]
    /// Of the whole file.
    let size: ByteCount
    /// By distribution the packages on its mirror, each with what asked for it: the name of a package set.
    let packages: [String: [(name: String, size: ByteCount, set: String)]]

    /// What the page divides the image into, the largest first.
    var parts: BuildPage.Part {
        var live: [BuildPage.Part] = []
        var boot: [BuildPage.Part] = []
        var mirrors: [String: ByteCount] = [:]
        var systems: [String: [String: ByteCount]] = [:]
        var lists: [String: ByteCount] = [:]
        var other: [BuildPage.Part] = []
        for (input, size) in inputs.sorted(by: { $0.key < $1.key }) {
            let place = input.split(separator: "/").map(String.init)
            switch place.first {
            case "boot": boot.append(BuildPage.Part(place.dropFirst().joined(separator: "/"), size))
            case "root" where place.count >= 3 && place[1] == "live":
                if place[2].hasSuffix(".squashfs") {
                    live.append(BuildPage.Part(place[2], size))
                } else {
                    boot.append(BuildPage.Part(place[2], size))
                }
            case "root" where place.count >= 4 && place[1] == "darksite":
                let isRPM = place[2] == "rpm"
                let name = isRPM ? place[3] : place[2]
                if isRPM || place[3] == "apt" {
                    mirrors[name, default: .zero] += size
                } else if place[3] == "systems", place.count >= 5 {
                    systems[name, default: [:]][place[4], default: .zero] += size
                } else {
                    lists[name, default: .zero] += size
                }
            case "root": other.append(BuildPage.Part(place.dropFirst().joined(separator: "/"), size))
            default: break  // the image that the step ran in
            }
        }
        var parts = [BuildPage.Part("live system", live), BuildPage.Part("boot", boot)]
        for name in Set(mirrors.keys).union(systems.keys).sorted() {
            parts += distribution(name, mirrors[name] ?? .zero, systems[name] ?? [:], lists[name] ?? .zero)
        }
        let rest = size - parts.reduce(.zero) { $0 + $1.size } - other.reduce(.zero) { $0 + $1.size }
        if rest > .zero { other.append(BuildPage.Part("file system and padding", rest)) }
        return BuildPage.Part(
            "image", (parts + [BuildPage.Part("evidence and the rest", other)]).filter { $0.size > .zero })
    }

    /// Its packages by set, and its systems apart: they are as large.
    private func distribution(
        _ name: String, _ mirror: ByteCount, _ systems: [String: ByteCount], _ lists: ByteCount
    ) -> [BuildPage.Part] {
        let packages = packages[name] ?? []
        var sets = Dictionary(grouping: packages, by: \.set).map { set, packages in
            BuildPage.Part(set, packages.map { BuildPage.Part($0.name, $0.size) })
        }
        let index = mirror + lists - packages.reduce(.zero) { $0 + $1.size }
        if index > .zero { sets.append(BuildPage.Part("indexes, lists, what the build made", index)) }
        return [
            BuildPage.Part("\(name) packages", sets),
            BuildPage.Part("\(name) systems", systems.map { BuildPage.Part($0.key, $0.value) }),
        ]
    }
}
