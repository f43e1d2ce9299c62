import Testing

extension Tag {
    /// Needs a podman that works.
    @Tag static var podman: Self
}
