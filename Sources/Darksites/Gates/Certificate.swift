import APT
package import Locking
package import Packages
package import Primitives

/// What was proven of a mirror, by what and when, as text for people: `certificate.txt` in its root. By whom, its signature says.
///
/// "When" is the date of the newest snapshot, which is the mirror's own. No clock is read: the same inputs give the same
/// bytes, on any day.
package struct Certificate: Sendable {
    /// A profile that can be installed from the mirror.
    package struct Profile: Hashable, Sendable {
        /// "server"
        package let name: String
        /// How many it installs.
        package let packages: Int
        /// Of its .debs together.
        package let size: ByteCount
        /// How many names its sets forbid.
        package let forbidden: Int

        package init(name: String, packages: Int, size: ByteCount, forbidden: Int) {
            self.name = name
            self.packages = packages
            self.size = size
            self.forbidden = forbidden
        }
    }

    /// Whose tools proved it.
    package let family: PackageFamily
    /// "debian"
    package let distribution: String
    /// "13", "trixie"
    package let release: String
    package let codename: String
    /// The native one: "amd64".
    package let architecture: String
    /// What the mirror was made of.
    package let snapshots: [LockedSnapshot]
    /// In seconds since 1970.
    package let epoch: Int64
    /// All that can be installed, in the order in which they are told.
    package let profiles: [Profile]
    /// Profiles that are to be really installed, and were left out: the image is a draft.
    package let omitted: [String]
    /// The version of this program, which made the mirror.
    package let toolVersion: String

    package init(
        family: PackageFamily = .apt, distribution: String, release: String, codename: String, architecture: String,
        snapshots: [LockedSnapshot],
        epoch: Int64, profiles: [Profile], omitted: [String], toolVersion: String
    ) {
        self.family = family
        self.distribution = distribution
        self.release = release
        self.codename = codename
        self.architecture = architecture
        self.snapshots = snapshots
        self.epoch = epoch
        self.profiles = profiles
        self.omitted = omitted
        self.toolVersion = toolVersion
    }

    /// The file below the mirror's root whose signature vouches for all others.
    package var statement: String {
        family == .apt ? APTMirrorRecipe.statement(of: codename) : RPMMirrorRecipe.statement
    }

    /// The first part, which nothing has to be run for.
    var head: String {
        var lines = [
            "Certificate of a kldload darksite", "",
            "of      \(distribution) \(release) (\(codename)), \(architecture)",
        ]
        for snapshot in snapshots {
            lines.append(
                "        \(snapshot.repository) \(snapshot.suite ?? "-") of \(snapshot.date), sha256 \(snapshot.digest.hex)"
            )
        }
        lines.append("date    \(LockDate(secondsSince1970: epoch)), that of the newest of these (no clock was read)")
        lines.append("by      deploy \(toolVersion)")
        return lines.joined(separator: "\n") + "\n"
    }

    /// All that goes into the text before any gate has run, for the key of the step.
    var facts: [UInt8] {
        var text = head
        for profile in profiles {
            text += "\(profile.name) \(profile.packages) \(profile.size.bytes) \(profile.forbidden)\n"
        }
        return Array((text + "omitted \(omitted)\n").utf8)
    }

    /// The whole text. `mirror` is the verdict on the mirror, `installs` those of the profiles that were really installed.
    ///
    /// Throws where a verdict leaves something out.
    func text(release: Digest, mirror: GateVerdict, installs: [String: GateVerdict]) throws(VerdictError) -> String {
        let (manager, installer) = (family.manager, family.installer)
        let tools = "\(manager) \(try mirror.value(manager)) and \(installer) \(try mirror.value(installer))"
        let list = family == .apt ? "Release" : "repomd.xml"
        var lines = [
            head + "mirror  \(statement), sha256 \(release.hex)",
            "judged  by \(tools), in containers without network",
            "", "Proven, on the finished mirror:", "",
            "1. Every file that the indexes list is there and has its digest: \(try mirror.value("files")) packages;",
            "   every index is the one that \(list) lists, and \(manager) takes its signature for that of this build host.",
            "2. No file is there that neither an index nor \(list) lists.",
            "3. Each profile installs from it alone, onto nothing, and is just what was resolved:",
        ]
        for profile in profiles {
            let counted = "\(profile.name): \(profile.packages) packages, \(profile.size)"
            guard let verdict = installs[profile.name] else {
                lines.append("   \(counted), simulated by \(manager) \(try mirror.value(manager))")
                continue
            }
            let tools = "\(manager) \(try verdict.value(manager)) and \(installer) \(try verdict.value(installer))"
            lines.append("   \(counted), \(family.installed) by \(family == .apt ? "its own " : "")\(tools)")
        }
        let seenInRoot = family == .apt ? "by modinfo and depmod in the installed root" : "in the installed root"
        lines.append("4. There is one kernel, and the ZFS module is that kernel's:")
        for profile in profiles {
            let found = try mirror.words("profile", of: profile.name, count: 3)
            let seen = installs[profile.name] == nil ? "by name" : seenInRoot
            let module =
                found[2] == "-" ? (family == .apt ? "no prebuilt ZFS module" : "no ZFS") : "zfs \(found[2]), \(seen)"
            lines.append("   \(profile.name): \(found[1] == "-" ? "no kernel" : "linux \(found[1])"), \(module)")
        }
        lines.append("5. No profile has a package that its sets forbid:")
        for profile in profiles { lines.append("   \(profile.name): \(profile.forbidden) names forbidden") }
        if !omitted.isEmpty {
            lines += [
                "", "NOT proven: that \(omitted.joined(separator: ", ")) can be \(family.installed).",
                "This is a draft: `deploy build` without --draft proves it.",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What was proven in a line: "core, server install from this image alone (apt 3.0.3, unpacked and configured, no network)".
    func summary(mirror: GateVerdict, installs: [String: GateVerdict]) throws(VerdictError) -> String {
        let installed = profiles.map(\.name).filter { installs[$0] != nil }
        let simulated = profiles.map(\.name).filter { installs[$0] == nil }
        var parts: [String] = []
        let manager = family.manager
        if let first = installed.first, let version = try installs[first]?.value(manager) {
            let names = installed.joined(separator: ", ")
            parts.append(
                "\(names) install from this image alone (\(manager) \(version), \(family.installed), no network)")
        }
        if !simulated.isEmpty {
            let version = try mirror.value(manager)
            parts.append(
                parts.isEmpty
                    ? "\(manager) \(version) would install \(simulated.joined(separator: ", ")) from this image alone (simulated, no network)"
                    : "\(simulated.joined(separator: ", ")) simulated")
        }
        return parts.joined(separator: "; ")
    }
}
