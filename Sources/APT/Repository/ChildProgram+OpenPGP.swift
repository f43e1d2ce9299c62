import Primitives

extension ChildProgram {
    /// gpg, gpgv or gpgconf: with messages that programs can read, and no keys but those that it is told of.
    static func openPGP(_ name: String) -> ChildProgram {
        ChildProgram(name, environment: nil, changes: ["LC_ALL": "C", "GNUPGHOME": nil])
    }
}
