import BuildGraph
import Darksites
import Declaration
import Packages

extension Step {
    /// Where the live system has the public key of the build host, whose signatures it trusts.
    private static let keyring = "/usr/share/keyrings/kldload-darksite.gpg"

    /// The layer of the live system that depends on the key of the build host, and has nothing else.
    static func keyLayer(_ key: [UInt8]) -> [String: StepInput] { ["tree\(keyring)": .literal(key)] }

    /// The files that the build itself lays over the live system, as inputs of a layer: what it is, and which mirrors it serves. systemd lets no clock be earlier than the time of `clock-epoch`: that of the layer.
    static func buildLayer(_ declaration: Declaration, identity: String) -> [String: StepInput] {
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
        return Dictionary(uniqueKeysWithValues: files.map { ("tree\($0.key)", .literal($0.value)) })
    }
}
