import APT
package import Locking
import Solver

/// The package with prebuilt ZFS modules for one kernel: known by name and version before it is built, so that profiles can
/// be resolved with it.
package struct ZFSModulePackage: Hashable, Sendable {
    /// What its name begins with, before the kernel's release.
    package static let prefix = "zfs-modules-"

    /// "6.12.57+deb13-amd64"
    package let kernel: String
    /// The version of OpenZFS as packaged: "2.3.2-2".
    package let version: String
    /// "amd64"
    package let architecture: String

    package init(kernel: String, version: String, architecture: String) {
        self.kernel = kernel
        self.version = version
        self.architecture = architecture
    }

    /// "zfs-modules-6.12.57+deb13-amd64"
    package var name: String { Self.prefix + kernel }

    /// Its control paragraph, as `zfs-module.sh` writes it, as far as relations go.
    package var stanza: [UInt8] {
        Array(
            """
            Package: \(name)
            Version: \(version)
            Architecture: \(architecture)
            Maintainer: kldload build host <root@localhost>
            Provides: zfs-modules (= \(version))
            Depends: kmod
            Section: contrib/kernel
            Priority: optional
            Filename: pool/\(name).deb
            Size: 0
            Description: prebuilt OpenZFS modules

            """.utf8)
    }
}

extension LockedDistribution {
    /// The release of the one kernel of a profile, as `uname -r` says it; nil where it has none.
    package func kernelRelease(of profile: String) -> String? {
        packages(of: profile).lazy.compactMap { package in
            package.name == "kernel-core"
                ? "\(package.version).\(package.architecture)" : KernelPackage.release(ofImage: package.name)
        }.first
    }

    /// The version of the ZFS module, made here or locked; nil where there is none.
    package var zfsModuleVersion: String? {
        built.first?.version ?? packages.first { ["kmod-zfs", "zfs-dkms"].contains($0.name) }?.version
    }
}

/// How Debian and Ubuntu name kernels.
package enum KernelPackage {
    /// "6.12.57+deb13-amd64" of "linux-image-6.12.57+deb13-amd64", "6.8.0-45-generic" of Ubuntu's kernels, signed or not;
    /// nil for the metapackages and for anything else.
    package static func release(ofImage name: String) -> String? {
        release(name, after: ["linux-image-unsigned-", "linux-image-"])
    }

    /// The release of the kernel whose modules are in the package: ours for ZFS, or one of Ubuntu's, where
    /// linux-modules-6.8.0-45-generic has what the kernel needs, ZFS among it, and linux-modules-extra-… the rest.
    package static func release(ofModules name: String) -> String? {
        release(name, after: [ZFSModulePackage.prefix, "linux-modules-extra-", "linux-modules-"])
    }

    /// The packages any of which brings ZFS to the kernel `release`: the module made here, Ubuntu's modules, or the source,
    /// which is compiled when it is installed.
    package static func zfs(for release: String) -> [String] {
        [ZFSModulePackage.prefix + release, "linux-modules-\(release)", "zfs-dkms"]
    }

    private static func release(_ name: String, after prefixes: [String]) -> String? {
        for prefix in prefixes where name.hasPrefix(prefix) {
            let release = name.dropFirst(prefix.count)
            if release.first?.isNumber == true { return String(release) }
        }
        return nil
    }
}
