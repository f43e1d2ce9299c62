/// What runs the instructions of a virtual machine.
package enum Accelerator: String, Sendable, CaseIterable {
    /// The processor itself.
    case kvm
    /// Translation by QEMU: works everywhere, some ten times slower.
    case tcg

    /// The options of QEMU for it. TCG's processor has what Debian's userland needs; see `kernelWords` for its price. Its cache of
    /// translated code (MiB) is large, because dpkg starts thousands of programs. A small one boots quicker (Tests/boot/boot-iso).
    var arguments: [String] {
        switch self {
        case .kvm: ["-accel", "kvm", "-cpu", "host"]
        case .tcg: ["-accel", "tcg,thread=multi,tb-size=1024", "-cpu", "Westmere"]
        }
    }

    /// Words for a kernel's command line. The isolation of page tables, which this processor seems to need, is slow to
    /// emulate; and on a busy host a minute and a half is too short to find a device.
    package var kernelWords: [String] {
        switch self {
        case .kvm: []
        case .tcg:
            [
                "mitigations=off", "systemd.default_device_timeout_sec=600", "systemd.default_timeout_start_sec=600",
            ]
        }
    }
}

/// The accelerator that works on this host, and how that is known.
package struct AcceleratorChoice: Hashable, Sendable {
    /// What machines are to be started with.
    package let accelerator: Accelerator
    /// "a trial of KVM failed: …", in words for the person who waits.
    package let reason: String
}
