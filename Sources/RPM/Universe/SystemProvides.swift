/// What no package needs to provide, because the package manager or the system does.
///
/// The only table of such names. `config(…)` is not in it: each package with configuration files provides its own.
package enum SystemProvides {
    /// Beginnings of names. Features of rpm that a package needs in order to be read: the rpm of a target that knows rpm-md
    /// and these distributions has them all.
    private static let prefixes: [StaticString] = ["rpmlib("]

    /// Whether `name` is provided by the system.
    static func contains(_ name: UnsafeRawBufferPointer) -> Bool { prefixes.contains { name.hasPrefix($0) } }
}
