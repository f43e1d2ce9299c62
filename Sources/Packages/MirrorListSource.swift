/// Where the list of a repository's mirrors is.
package struct MirrorListSource: Hashable, Sendable {
    /// What is behind the address, which does not tell.
    package enum Kind: Hashable, Sendable {
        /// Addresses, a line each.
        case list
        /// With the digests of repomd.xml.
        case metalink
    }

    /// As libcurl takes it.
    package let url: String
    /// As the declaration says, by its field.
    package let kind: Kind

    package init(url: String, kind: Kind) {
        self.url = url
        self.kind = kind
    }
}
