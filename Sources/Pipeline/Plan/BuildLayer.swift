import BuildGraph
import ContentStore
import Darksites
import Declaration
import Packages
import SystemPackage

extension Step {
    /// Where the live system has the public key of the build host, whose signatures it trusts.
    private static let keyring = "/usr/share/keyrings/kldload-darksite.gpg"

    /// The layer of the live system that depends on the key of the build host, and has nothing else.
    static func keyLayer(_ key: [UInt8]) -> [String: StepInput] { ["tree\(keyring)": .literal(key)] }

    /// The files that the build itself lays over the live system, as inputs of a layer: what it is, the page of its edition, which is
    /// one of those in `includes`, and which mirrors it serves. systemd lets no clock be earlier than the time of `clock-epoch`: that of
    /// the layer.
    static func buildLayer(
        _ declaration: Declaration, identity: String, includes: StepInput
    ) -> [String: StepInput] {
        var files: [String: [UInt8]] = [
            "/etc/kldload/edition": Array("\(declaration.iso.edition)\n".utf8),
            "/etc/kldload/build": Array("\(identity)\n".utf8),
            "/usr/lib/clock-epoch": [],
        ]
        let served = declaration.iso.darksites.map(\.distribution).filter {
            declaration[distribution: $0]?.family == .apt
        }
        if !served.isEmpty {
            let units = served.map { "kldload-darksite@\($0).service" }.joined(separator: " ")
            files["/etc/systemd/system/multi-user.target.d/kldload-darksites.conf"] = Array(
                "[Unit]\nWants=\(units)\n".utf8)
        }
        if let live = declaration[distribution: declaration.live.distribution], served.contains(live.name) {
            files["/etc/apt/sources.list.d/kldload-darksite.sources"] = Array(
                """
                # The mirror on this medium, and nothing else. The key is that of the machine that built it. Dates are not checked: the
                # mirror is as old as the medium, and the clock of a machine without network may be wrong.
                Types: deb
                URIs: http://127.0.0.1:\(declaration.port(of: live))
                Suites: \(live.codename)
                Components: \(APTMirrorRecipe.component)
                Signed-By: \(keyring)
                Check-Date: no
                Check-Valid-Until: no

                """.utf8)
        }
        var layer: [String: StepInput] = Dictionary(
            uniqueKeysWithValues: files.map { ("tree\($0.key)", .literal($0.value)) })
        if let page = page(of: declaration.iso.edition, in: includes) {
            layer["tree/\(pages)/active/index.html"] = page
        }
        return layer
    }

    /// Where the web UI's pages lie, those of each edition in a folder of its name.
    private static let pages = "usr/local/share/kldload-webui"

    /// The page that is shown; an edition without one of its own has that of `free`. nil where somebody has laid one there, or there
    /// is none at all.
    private static func page(of edition: String, in includes: StepInput) -> StepInput? {
        guard case .folder(let folder, let tree, let shownAs) = includes,
            tree.nodes["\(pages)/active/index.html"] == nil
        else { return nil }
        for name in [edition, "free"] {
            let path = "\(pages)/\(name)/index.html"
            guard case .file(let blob, _)? = tree.nodes[path] else { continue }
            return .file(folder.pushing(FilePath(path)), blob, shownAs: "\(shownAs)/\(path)")
        }
        return nil
    }
}
