import Declaration
import Primitives
import RPM
import Solver

/// Keeps a profile to one kernel, and where DKMS compiles ZFS, to a kernel that this release of ZFS knows.
///
/// The package zfs-dkms requires kernel-devel up to the last version it can be compiled for, and nothing ties kernel-devel to
/// the kernel. So where it is asked for, all packages of other versions of the kernel are kept out. A ready made module
/// (kmod-zfs) requires the kernel's own symbols, and needs no help.
struct RPMKernelChoice {
    private let profile: String
    private let wantsZFS: Bool
    /// "zfs-dkms-2.2.6-1.el9.noarch requires kernel-devel <= 6.10.999"
    private let limits: [String]
    /// Kernels, their modules and headers that ZFS can't be compiled for.
    let excluded: [PackageID]

    private static let family = [
        "kernel", "kernel-core", "kernel-modules", "kernel-modules-core", "kernel-modules-extra", "kernel-devel",
        "kernel-devel-matched",
    ]

    init(in universe: RPMUniverse, _ profile: ProfileRequest) {
        self.profile = profile.name
        let wanted = Set(profile.sets.wanted.map(\.name))
        wantsZFS = !wanted.isDisjoint(with: ["zfs", "zfs-dkms", "kmod-zfs"])
        guard wanted.contains("zfs-dkms"), let zfs = universe.candidate(of: "zfs-dkms") else {
            (limits, excluded) = ([], [])
            return
        }
        let relations = universe.table.relations(.requires, of: zfs)
            .filter { $0.name == "kernel-devel" && $0.version != nil }
        guard var fitting = relations.first.map({ Set(universe.candidates(for: $0)) }) else {
            (limits, excluded) = ([], [])
            return
        }
        for relation in relations.dropFirst() { fitting.formIntersection(universe.candidates(for: relation)) }
        let versions = Set(fitting.map(universe.version))
        limits = relations.map { "\(universe.describe(zfs)) requires \($0)" }
        excluded = Self.family.flatMap(universe.packages).filter { !versions.contains(universe.version(of: $0)) }
    }

    /// What to say where the packages that are kept out are needed.
    func hints(_ explanation: Explanation) -> [String] {
        let excluded = Set(excluded)
        guard explanation.forbiddenPackages.contains(where: excluded.contains) else { return [] }
        return limits.map { "\($0): declare a repository with such a kernel, or with a newer zfs" }
    }

    /// A profile that has a kernel has one, with headers of the same version; where it has ZFS, the module comes with it.
    func check(_ packages: [PackageID], in universe: RPMUniverse) throws {
        var versions: [String: Set<String>] = [:]
        for package in packages {
            versions[universe.name(of: package), default: []].insert(universe.version(of: package))
        }
        guard let kernels = versions["kernel-core"] else { return }
        let all = kernels.union(versions["kernel-devel"] ?? [])
        guard all.count == 1 else { throw UserErrors([KernelCount(profile: profile, kernels: all.sorted())]) }
        guard wantsZFS, versions["kmod-zfs"] == nil, versions["zfs-dkms"] == nil else { return }
        throw UserErrors([
            NoZFSModule(
                profile: profile, kernel: kernels.sorted()[0], userland: "zfs", modules: ["kmod-zfs", "zfs-dkms"])
        ])
    }
}
