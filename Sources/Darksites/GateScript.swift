/// The scripts in which real package managers judge a mirror, in a container.
package enum GateScript {
    /// For APT; its header says what it reads and writes.
    package static var apt: [UInt8] { PackageResources.judge_apt_sh }
}
