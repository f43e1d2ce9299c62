/// How a build uses a remote cache: what the declaration, the environment and the flags say together.
package struct RemoteOptions: Sendable {
    /// Where it is.
    package let address: RemoteAddress
    /// How it knows us, and we it.
    package let login: RemoteLogin
    /// Whether nothing is put into it: for builds whose changes nobody has looked at.
    package var isReadOnly: Bool
    /// Whether a build fails that can't use it, in place of going on without.
    package var isRequired: Bool
    /// Whether some of the results that it has are made here as well, and compared.
    package var isVerified: Bool
    /// Whether containers run on its workers.
    package var executes: Bool

    package init(
        address: RemoteAddress, login: RemoteLogin = RemoteLogin(), isReadOnly: Bool = false, isRequired: Bool = false,
        isVerified: Bool = false, executes: Bool = false
    ) {
        self.address = address
        self.login = login
        self.isReadOnly = isReadOnly
        self.isRequired = isRequired
        self.isVerified = isVerified
        self.executes = executes
    }
}
