import BuildGraph
import Darksites
import Declaration
import LiveImage
import Locking
import Packages

/// The steps that make root file systems of one distribution: what containers start from, the builder images, the
/// ZFS module's compiler room and the live root.
struct RootPlanner {
    let distribution: LockedDistribution
    let source: Declaration.APTSource
    let fetch: PackageFetch
    /// What the live system is made of.
    let liveProfile: Declaration.InternalProfile

    /// The prebuilt ZFS module: the steps that make it, and the .deb they make.
    struct Module {
        var steps: [Step] = []
        var package: LockedBuild?
        var output: StepInput?
        /// "6.12.57+deb13-amd64"
        var kernel = ""

        /// The file that is made, by the name of its package.
        var built: [String: StepInput] {
            guard let package, let output else { return [:] }
            return [package.name: output]
        }

        var fileName: String { package.map { "\($0.name)_\($0.version.withoutEpoch)_\($0.architecture).deb" } ?? "" }
    }

    /// The date of the first suite of the first repository, that of the point release: root file systems are stamped with
    /// it, so that an update elsewhere does not make them anew.
    static func epoch(of distribution: LockedDistribution, from source: Declaration.APTSource) -> Int64 {
        let first = source.repositories.first
        let snapshot = distribution.snapshots.first { $0.repository == first?.name && $0.suite == first?.suites.first }
        return snapshot?.date.secondsSince1970 ?? 0
    }

    var epoch: Int64 { Self.epoch(of: distribution, from: source) }
    private var recipe: RootFilesystemRecipe { RootFilesystemRecipe(epoch: epoch) }
    private let bootstrapName: StepName = "builder/bootstrap"

    func bootstrap() throws -> [Step] {
        let essential = distribution.packages(of: liveProfile.rawValue).filter(\.isEssential).map(ArchiveFile.init)
        return [
            try fetch.step(
                "builder/essential", stage: BuildStage.builder, title: "essential packages of \(distribution.name)",
                files: essential),
            recipe.bootstrap(
                bootstrapName, stage: BuildStage.builder, packages: .output("builder/essential", "packages"),
                count: essential.count),
        ]
    }

    /// The steps that make the image of the profile `builder`, or the one that RPM packages are judged in.
    func builder(_ profile: Declaration.InternalProfile) throws -> (steps: [Step], image: StepInput) {
        let packages = distribution.packages(of: profile.rawValue).map(ArchiveFile.init)
        let prefix = profile == .rpmBuilder ? "rpm-" : ""
        let title = profile == .rpmBuilder ? "the image that judges RPM packages" : "the builder image"
        let fetched = StepName("builder/\(prefix)packages")
        let made = StepName("builder/\(prefix)image")
        let steps = [
            try fetch.step(fetched, stage: BuildStage.builder, title: "packages of \(title)", files: packages),
            recipe.configured(
                made, stage: BuildStage.builder, title: "configuring \(packages.count) packages",
                bootstrap: bootstrapName, packages: .output(fetched, "packages")),
        ]
        return (steps, .output(made, "rootfs.tar"))
    }

    /// No steps where the declaration wants no prebuilt module.
    func module() throws -> Module {
        guard let package = distribution.built.first(where: { $0.name.hasPrefix(ZFSModulePackage.prefix) }) else {
            return Module()
        }
        let stage = BuildStage.darksite(of: source.vendor)
        let packages = distribution.packages(of: Declaration.InternalProfile.zfsBuild.rawValue).map(ArchiveFile.init)
        var module = Module(package: package, kernel: String(package.name.dropFirst(ZFSModulePackage.prefix.count)))
        let step: StepName = "\(distribution.name)/zfs-module"
        let fetched: StepName = "\(distribution.name)/zfs-packages"
        module.output = .output(step, module.fileName)
        module.steps = [
            try fetch.step(fetched, stage: stage, title: "compiler and headers for the zfs module", files: packages),
            recipe.zfsModule(
                step, stage: stage, release: module.kernel, file: module.fileName, bootstrap: bootstrapName,
                packages: .output(fetched, "packages")),
        ]
        return module
    }

    func live(module: Module) throws -> [Step] {
        let profile = liveProfile.rawValue
        let files = distribution.packages(of: profile).map(ArchiveFile.init)
        var built: [String: StepInput] = [:]
        if let output = module.output, module.package?.profiles.contains(profile) == true {
            built[module.fileName] = output
        }
        return try [
            fetch.step("live/packages", stage: BuildStage.iso, title: "packages of the live system", files: files)
        ]
            + recipe.live(
                "live/root", base: "live/base", stage: BuildStage.iso, release: liveKernel(), bootstrap: bootstrapName,
                packages: .output("live/packages", "packages"), module: built)
    }

    /// The release of the live system's kernel: "6.12.57+deb13-amd64". Throws `PlanError` where it has none.
    func liveKernel() throws -> String {
        guard let kernel = distribution.kernelRelease(of: liveProfile.rawValue) else {
            throw PlanError(
                "the live environment has no kernel",
                hint:
                    "put \(source.vendor.kernelMetapackage(distribution.architecture)) into package-sets/\(distribution.name)/live.txt"
            )
        }
        return kernel
    }
}

extension ArchiveFile {
    init(_ package: LockedPackage) {
        self.init(
            repository: package.repository, path: package.path, digest: package.digest, size: package.size,
            name: package.fileName)
    }
}

extension StepName: ExpressibleByStringInterpolation {}

extension String {
    /// A version as file names have it: without its epoch (deb-version(7)).
    var withoutEpoch: String { split(separator: ":", maxSplits: 1).last.map(String.init) ?? self }
}
