import Archives
package import BuildGraph
import ContentStore
import Primitives
import SystemPackage

/// How a root file system is made of packages alone: what dpkg needs to run is unpacked by us, into an archive that
/// containers start from; in such a container dpkg installs everything, itself included, and packs up the result.
package struct RootFilesystemRecipe: Sendable {
    /// What `SOURCE_DATE_EPOCH` says in every step: no time in a result is later. Seconds since 1970.
    package let epoch: Int64

    package init(epoch: Int64) { self.epoch = epoch }

    /// The step that unpacks the Essential packages, and what they depend on, into `bootstrap.tar`.
    ///
    /// `packages` is the output (a tree of .debs) of the step that fetches them.
    package func bootstrap(_ name: StepName, stage: Stage, packages: StepInput, count: Int) -> Step {
        let epoch = epoch
        return Step(
            name, stage: stage, title: "unpacking \(count) essential packages",
            inputs: ["packages": packages, "epoch": .literal(Array("\(epoch)\n".utf8))],
            action: .native(identifier: "unpack root", version: 2) { context in
                try await Self.unpack(context, epoch: epoch)
            },
            outputs: ["bootstrap.tar": .file], disk: DiskUse(kept: ["bootstrap.tar": 4]))
    }

    /// The step that installs `packages` in a container of `bootstrap`, and packs the result as `rootfs.tar`.
    package func configured(
        _ name: StepName, stage: Stage, title: String, bootstrap: StepName, packages: StepInput
    ) -> Step {
        Step(
            name, stage: stage, title: title,
            inputs: ["image": .output(bootstrap, "bootstrap.tar"), "packages": packages],
            action: container(StepScript.configureRoot, []), outputs: ["rootfs.tar": .file], disk: Self.disk,
            bound: Step.givesFilesAway)
    }

    /// The step that builds the ZFS module for the kernel `release` ("6.12.57+deb13-amd64") and packs it as a .deb called
    /// `file`. `packages` hold the kernel's headers, zfs-dkms and a compiler. It compiles on all cores, and for a minute before
    /// that keeps one busy, beside which something else can run.
    package func zfsModule(
        _ name: StepName, stage: Stage, release: String, file: String, bootstrap: StepName, packages: StepInput
    ) -> Step {
        Step(
            name, stage: stage, title: "compiling zfs for \(release)",
            inputs: [
                "image": .output(bootstrap, "bootstrap.tar"), "packages": packages,
                "zfs-module.sh": .literal(StepScript.zfsModule),
            ],
            action: container(StepScript.configureRoot, ["--no-tar", "--hook", "/in/zfs-module.sh", release]),
            outputs: [file: .file], disk: DiskUse(kept: [file: 0.02], scratch: 5),
            bound: Step.givesFilesAway)
    }

    /// The steps that make the live system's root, kernel and initramfs. `packages` hold the kernel `release`. `module` is
    /// the ZFS module for it, a .deb called by its key that provides zfs-modules, where no package has it: the first step,
    /// `base`, need not wait for that.
    package func live(
        _ name: StepName, base: StepName, stage: Stage, release: String, bootstrap: StepName, packages: StepInput,
        module: [String: StepInput]
    ) -> [Step] {
        var steps: [Step] = []
        var inputs = ["image": StepInput.output(bootstrap, "bootstrap.tar"), "packages": packages]
        if !module.isEmpty {
            steps.append(
                Step(
                    base, stage: stage, title: "live root without its ZFS module", inputs: inputs,
                    action: container(StepScript.configureRoot, ["--without", "zfs-modules"]),
                    outputs: ["rootfs.tar": .file],
                    disk: Self.disk, bound: Step.givesFilesAway))
            inputs = ["image": .output(base, "rootfs.tar")]
            for (file, input) in module { inputs["packages/\(file)"] = input }
        }
        inputs["live-root.sh"] = .literal(StepScript.liveRoot)
        steps.append(
            Step(
                name, stage: stage, title: "live root with kernel \(release)", inputs: inputs,
                action: container(StepScript.configureRoot, ["--hook", "/in/live-root.sh", release]),
                outputs: ["rootfs.tar": .file, "vmlinuz": .file, "initrd.img": .file], disk: Self.disk,
                bound: Step.givesFilesAway))
        return steps
    }

    /// Packages are compressed three to one; the root lies in podman's storage while it is packed.
    private static let disk = DiskUse(kept: ["rootfs.tar": 3], scratch: 4)

    private func container(_ script: [UInt8], _ arguments: [String]) -> StepAction {
        .container(
            image: .input("image"), script: script, arguments: arguments,
            environment: ["SOURCE_DATE_EPOCH": String(epoch)])
    }

    private static func unpack(_ context: StepContext, epoch: Int64) async throws -> StepResult {
        let tree = try await context.tree("packages")
        let names = tree.paths.sorted()
        // The merged /usr comes before everything, so that everything is written through it: not every base-files has the links.
        let folders = ["bin", "sbin", "lib"] + (names.contains { $0.hasSuffix("_amd64.deb") } ? ["lib64"] : [])
        let links = folders.map { RootArchive.Extra($0, .symbolicLink("usr/\($0)")) }
        let folder = try await context.path("packages")
        let packages = names.map { folder.appending($0) }
        let archive = context.workFolder.appending("bootstrap.tar")
        context.report(StepProgress(activity: "unpacking \(packages.count) packages"))
        try await BlockingWork.run {
            try RootArchive.write(packages: packages, leading: links, epoch: epoch, to: archive)
        }
        return StepResult(
            outputs: ["bootstrap.tar": try await context.output(file: archive)],
            summary: "\(packages.count) packages unpacked")
    }
}
