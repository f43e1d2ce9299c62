import Declaration
import Packages
import SystemPackage

/// What the installer and the live system know of a distribution beside its packages: a file of the image, beside the lists of the
/// profiles' packages. A line is `NAME=value`, as systemd reads it (systemd.exec(5), EnvironmentFile=); bash only reads it.
///
///     FAMILY=apt
///     PROFILES=core server
///     RELEASE=13
///     CODENAME=trixie
///     ARCHITECTURE=amd64
///     PORT=3142
///     UPDATES=http://ftp.debian.org/debian trixie,trixie-updates main,contrib /usr/share/keyrings/debian-archive-keyring.gpg
struct DistributionFacts {
    private let lines: [(name: String, value: String)]

    /// `profiles` are those that the image carries; `port` is where the live system serves the mirror, of a distribution of APT's
    /// packages. A keyring that lies in `folder`, the checkout's, is on no machine, and where that lies must not reach the image.
    init(_ distribution: Declaration.Distribution, profiles: [String], port: Int?, checkout folder: FilePath) {
        var lines = [
            ("FAMILY", distribution.family.rawValue), ("PROFILES", profiles.joined(separator: " ")),
            ("RELEASE", distribution.release),
            ("CODENAME", distribution.codename), ("ARCHITECTURE", distribution.architecture),
        ]
        if let port { lines.append(("PORT", "\(port)")) }
        switch distribution.source {
        case .apt(let source):
            for repository in source.repositories {
                // apt takes no path with a space in it (sources.list(5), Signed-By).
                guard let address = repository.updates, case .keyring(let keyring) = repository.trust,
                    !keyring.string.contains(" "), !keyring.starts(with: folder)
                else { continue }
                let components = repository.components.isEmpty ? "-" : repository.components.joined(separator: ",")
                lines.append(
                    ("UPDATES", "\(address) \(repository.suites.joined(separator: ",")) \(components) \(keyring)"))
            }
        case .rpm(let source): lines.append(("PLATFORM", source.platform))
        }
        self.lines = lines
    }

    /// The file.
    var bytes: [UInt8] { Array(lines.map { "\($0.name)=\($0.value)\n" }.joined().utf8) }
}

extension Declaration {
    /// Where the live system serves the darksite of a distribution of APT's packages: a TCP port of 127.0.0.1.
    func port(of distribution: Distribution) -> Int {
        if let vendor = Vendor.all.first(where: { $0.name == distribution.name }) { return vendor.port }
        let names = Set(Vendor.all.map(\.name))
        let others = distributions.filter { $0.family == .apt && !names.contains($0.name) }.map(\.name)
        let first = (Vendor.all.map(\.port).max() ?? 0) + 1
        return first + (others.firstIndex(of: distribution.name) ?? others.count)
    }
}
