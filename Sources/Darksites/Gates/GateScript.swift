/// The scripts in which real package managers judge a mirror, in a container. Their headers say what they read and write.
package enum GateScript {
    /// Has apt judge a whole mirror, and simulate the installation of each profile.
    package static var apt: [UInt8] { PackageResources.apt_main_sh + PackageResources.judge_apt_sh }
    /// Has apt and dpkg install one profile onto nothing.
    package static var install: [UInt8] {
        PackageResources.pack_root_sh + PackageResources.initramfs_sh + PackageResources.install_profile_sh
    }
    /// For awk: what the installer makes of a list of packages. `install` reads it where it hands on a system.
    package static var plan: [UInt8] { PackageResources.plan_awk }
    /// Has rpmkeys and rpm check fetched packages: signatures, digests, headers.
    package static var checkRPMs: [UInt8] { PackageResources.check_rpms_sh }
    /// Has dnf judge a whole mirror of RPM packages, and simulate the installation of each profile.
    package static var dnf: [UInt8] { PackageResources.dnf_main_sh + PackageResources.judge_dnf_sh }
    /// Has apt update machines from a medium that has only what is new.
    package static var updateAPT: [UInt8] { PackageResources.apt_main_sh + PackageResources.judge_delta_apt_sh }
    /// The same of dnf.
    package static var updateRPM: [UInt8] { PackageResources.dnf_main_sh + PackageResources.judge_delta_dnf_sh }
    /// Has dnf and rpm install one profile onto nothing.
    package static var installRPM: [UInt8] {
        PackageResources.dnf_main_sh + PackageResources.pack_root_sh + PackageResources.install_profile_dnf_sh
    }
    /// Has dracut, and DKMS where that is needed, complete the system that `installRPM` handed on, in that system.
    package static var dracut: [UInt8] {
        PackageResources.pack_root_sh + PackageResources.initramfs_sh + PackageResources.initramfs_dracut_sh
    }
}
