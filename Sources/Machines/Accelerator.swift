/// What runs the instructions of a virtual machine.
package enum Accelerator: String, Sendable, CaseIterable {
    /// The processor itself.
    case kvm
    /// Translation by QEMU: works everywhere, some ten times slower.
    case tcg

    /// The options of QEMU for it.
    var arguments: [String] { QEMUFacts.words(rawValue) }

    /// Words for a kernel's command line, without which emulation is slower, or gives up.
    package var kernelWords: [String] {
        switch self {
        case .kvm: []
        case .tcg: QEMUFacts.words("emulated")
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
