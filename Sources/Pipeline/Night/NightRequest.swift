/// What a night is to do.
package struct NightRequest: Sendable {
    /// How many images stay where they are published, the new one counted.
    package var keep = 7
    /// Where to: a folder, or what rsync(1) takes as one of another machine; nil: `nightly` in the output folder.
    package var target: String?
    /// Whether the image is installed in a virtual machine.
    package var isTested = true
    /// The profile that is installed there; nil: the one that the image is for.
    package var testProfile: String?

    package init() {}
}

/// What a night does, in this order; `rawValue` is what it was doing, in a sentence.
package enum NightPhase: String, Sendable, CaseIterable {
    case target = "it looked at where it publishes"
    case update = "it updated deploy.lock"
    case build = "it built"
    case verify = "it verified the image"
    case test = "it installed the image in a virtual machine"
    case publish = "it published"
}
