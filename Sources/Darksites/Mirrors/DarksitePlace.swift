package import Packages

/// Where on the image lies what belongs to a distribution: who builds puts it there, who verifies an image looks there, and so does
/// the installer.
package struct DarksitePlace: Sendable {
    /// The folder of all of them.
    package static let root = "darksite"

    /// "debian"
    package let distribution: String

    package init(_ distribution: String) { self.distribution = distribution }

    /// Its own folder: "darksite/debian".
    package var folder: String { "\(Self.root)/\(distribution)" }
    /// What the image says of it.
    package var facts: String { "\(folder)/distribution" }

    /// Its mirror. dnf's are together, so that one address serves them all.
    package func mirror(_ family: PackageFamily) -> String {
        switch family {
        case .apt: "\(folder)/apt"
        case .rpm: "\(Self.root)/rpm/\(distribution)"
        }
    }

    /// The list of what `profile` installs.
    package func packages(of profile: String) -> String { "\(folder)/profiles/\(profile)" }

    /// The folder with the root file system that `profile` came to.
    package func system(_ profile: String) -> String { "\(folder)/systems/\(profile)" }
}
