import BuildGraph
import Darksites
import Declaration
import Packages

extension Step {
    /// The files that the build itself lays over the live system, as inputs of a layer: whose signature it trusts, what
    /// it is, and which mirrors it serves. systemd lets no clock be earlier than the time of `clock-epoch`: that of the layer.
    static func buildLayer(_ declaration: Declaration, identity: String, key: [UInt8]) -> [String: StepInput] {
        let keyring = "/usr/share/keyrings/kldload-darksite.gpg"
        var files: [String: [UInt8]] = [
            keyring: key,
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
        return Dictionary(uniqueKeysWithValues: files.map { ("tree\($0.key)", .literal($0.value)) })
    }
}
