import APT
import Declaration
import Primitives
import Solver

/// Keeps the kernels of a profile that wants ZFS within what its OpenZFS can be built for.
///
/// Metapackages (linux-image-amd64, linux-headers-amd64) whose candidate leads out of the range get the newest version within
/// it, from whichever declared suite has one, as their candidate; kernels outside of the range are not to be taken.
struct APTKernelChoice {
    let range: ZFSKernelRange
    /// Kernels, their headers and metapackages outside of the range.
    private(set) var excluded: [PackageID] = []
    /// By name of a metapackage of which no version is within the range: the kernel of the newest.
    private(set) var unreachable: [String: String] = [:]

    private static let prefixes = ["linux-image-", "linux-headers-"]

    init(_ range: ZFSKernelRange, in universe: DebianUniverse) {
        self.range = range
        let table = universe.table
        // One pass: to look through all names takes longer than all else here.
        for name in table.names(withPrefix: "linux-") {
            guard let prefix = Self.prefixes.first(where: name.hasPrefix) else { continue }
            let packages = table.packages(named: name)
            let rest = String(name.dropFirst(prefix.count))
            if rest.first?.isNumber == true {
                if !range.admits(rest) { excluded += packages }
            } else {
                limit(name, packages, prefix, in: universe)
            }
        }
    }

    private mutating func limit(
        _ name: String, _ packages: [PackageID], _ prefix: String, in universe: DebianUniverse
    ) {
        let releases = packages.map { Self.release(behind: $0, prefix, in: universe) }
        guard releases.contains(where: { !range.admits($0) }) else { return }
        let within = zip(packages, releases).filter { range.admits($1) && universe.priority(of: $0) >= 0 }.map(\.0)
        excluded += zip(packages, releases).filter { !range.admits($1) }.map(\.0)
        let architectures = Set(packages.map(universe.table.architecture))
        for architecture in architectures {
            let own = packages.filter { universe.table.architecture(of: $0) == architecture }
            guard let candidate = own.first(where: { universe.candidate(of: name, architecture: architecture) == $0 }),
                excluded.contains(candidate)
            else { continue }
            if let best = own.first(where: within.contains) {
                universe.choose(best)
            } else if let index = packages.firstIndex(of: candidate) {
                unreachable[name] = releases[index]
            }
        }
    }

    /// The kernel release that a metapackage stands for, by what it depends on, else by its own version.
    private static func release(behind package: PackageID, _ prefix: String, in universe: DebianUniverse) -> String {
        let table = universe.table
        let needed = universe.requirements(of: package).flatMap(\.candidates).lazy.map { table.name(of: $0) }
        let kernel = needed.first { $0.hasPrefix(prefix) && $0.dropFirst(prefix.count).first?.isNumber == true }
        return kernel.map { String($0.dropFirst(prefix.count)) } ?? "\(table.version(of: package))"
    }

    /// What to say where the profile asks for a metapackage that leads out of the range only.
    func problem(_ entry: PackageSetEntry) -> KernelOutOfRange? {
        unreachable[entry.name].map { KernelOutOfRange(range: range, kernel: $0, entry: entry, steps: []) }
    }
}

/// A kernel that the profile's OpenZFS can't be built for, and no other in sight.
struct KernelOutOfRange: UserError {
    let range: ZFSKernelRange
    /// The release of the newest there is, or of the one asked for.
    let kernel: String
    /// The line that asks for it, where one does.
    let entry: PackageSetEntry?
    /// Why it is needed, where that is not a line's own doing.
    let steps: [String]

    var what: String {
        let isAbove = KernelSeries(of: kernel).map { $0 > range.maximum } ?? true
        let limit =
            isAbove ? "supports kernels up to \(range.maximum)" : "supports kernels from \(range.minimum) on"
        let name = entry.map { "the newest kernel for \"\($0.text)\"" } ?? "the kernel that is needed"
        return "zfs \(range.zfs) \(limit); \(name) is \(kernel)"
    }
    var location: SourceLocation? { entry?.location }
    var details: [String] { (entry?.excerpt() ?? []) + steps }
    var hint: String? {
        """
        declare a suite that has an older kernel or a newer zfs (trixie-backports, and pin zfs to it), or name the kernel \
        with a version that zfs supports
        """
    }
    var isUsageError: Bool { true }
}
