package import BuildGraph
package import ContentStore
package import Transfer

/// What archives are read with: where they are, what fetches them, where what they say is kept, and what is let pass.
package struct ArchiveAccess: Sendable {
    let store: any ArtifactStore
    let derived: DerivedResults
    let addresses: RepositoryAddresses
    let downloader: Downloader
    /// Seconds since 1970; what expiry and age are measured against.
    let now: Int64
    let allowances: Allowances
    let kept: KeptResults?

    /// Without `kept`, every signature is verified anew.
    package init(
        store: any ArtifactStore, derived: DerivedResults, addresses: RepositoryAddresses, downloader: Downloader,
        now: Int64, allowances: Allowances = Allowances(), kept: KeptResults? = nil
    ) {
        self.store = store
        self.derived = derived
        self.addresses = addresses
        self.downloader = downloader
        self.now = now
        self.allowances = allowances
        self.kept = kept
    }

    var signedFiles: SignedFileFetch { SignedFileFetch(store: store, downloader: downloader) }
}
