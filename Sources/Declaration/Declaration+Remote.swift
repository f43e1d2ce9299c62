package import Primitives
package import SystemPackage

extension Declaration {
    /// A cache that other builds use, too: whose results are believed.
    package struct Remote: Hashable, Sendable {
        /// "grpc(s)://HOST[:PORT][/INSTANCE]", as it was written.
        package let address: String
        /// Of the address.
        package let location: SourceLocation
        /// Whether nothing is put into it.
        package let isReadOnly: Bool
        /// Whether a build fails that can't use it.
        package let isRequired: Bool
        /// Whether containers run on its workers.
        package let executes: Bool
        /// Files: the certificates that the server's is signed by, our own certificate and its key, and a bearer token.
        package let authority: FilePath?
        package let certificate: FilePath?
        package let key: FilePath?
        package let token: FilePath?

        /// Those of the four that are named, by their keys.
        package var files: [(key: String, path: FilePath)] {
            [("authority", authority), ("certificate", certificate), ("key", key), ("token", token)].compactMap {
                key, path in path.map { (key, $0) }
            }
        }
    }
}

extension DeclarationReader {
    /// `remote: {address: …}`; nil where nothing is said, or nothing that can be read.
    mutating func remote(_ root: DeclarationFields.Section) -> Declaration.Remote? {
        let keys = ["address", "readonly", "required", "execute", "authority", "certificate", "key", "token"]
        guard let document = fields.optional("remote", of: root),
            let section = fields.section(document, name: "remote", at: root.keyLocation(of: "remote"), keys: keys),
            let address = fields.string("address", of: section, example: "address: grpcs://cache.example.org/main")
        else { return nil }
        let (isReadOnly, isRequired, executes) = (
            fields.flag("readonly", of: section), fields.flag("required", of: section),
            fields.flag("execute", of: section)
        )
        func file(_ key: String) -> FilePath? {
            section.has(key)
                ? fields.string(key, of: section, example: "\(key): cache/\(key)").map { path($0.value) } : nil
        }
        let (authority, certificate, key, token) = (file("authority"), file("certificate"), file("key"), file("token"))
        if (certificate == nil) != (key == nil) {
            fields.report(
                "remote has a \(certificate == nil ? "key" : "certificate") without the other", at: section.location,
                hint: "certificate: FILE and key: FILE belong together")
        }
        return Declaration.Remote(
            address: address.value, location: address.location, isReadOnly: isReadOnly ?? false,
            isRequired: isRequired ?? false, executes: executes ?? false, authority: authority,
            certificate: certificate,
            key: key, token: token)
    }
}
