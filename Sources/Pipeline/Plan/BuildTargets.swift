import BuildGraph
import Darksites
import Declaration
import Locking
import Packages
import Primitives

extension TargetNames {
    /// The steps that `targets` stand for, the name of a distribution among them. A stage that this declaration has no steps for
    /// is said to be that: `PlanError`; another unknown name: `GraphError`.
    func resolve(naming targets: [String]) throws -> Set<StepName> {
        for stage in BuildStage.all where !stages.contains(stage) {
            guard targets.contains(stage.name) || targets.contains(String(stage.number)) else { continue }
            throw PlanError(
                "stage \(stage.number), \(stage.title), has nothing to build: deploy.yaml declares no such distribution",
                hint: "stages with steps: \(stages.map(\.name).joined(separator: ", "))", isUsageError: true)
        }
        // One stage makes the darksites of all distributions of RPM packages; one of them is called by its own name.
        let (stageNames, stepNames) = (Set(stages.map(\.name)), steps.map(\.name.text))
        let names = targets.flatMap { target in
            guard !stageNames.contains(target), stepNames.contains("\(target)/darksite") else { return [target] }
            return stepNames.filter { $0.hasPrefix("\(target)/") }.sorted()
        }
        return try resolve(names)
    }
}

extension Declaration {
    /// The declared distributions that `targets` of a build mean: by their name, by a step of theirs ("ubuntu/mirror"), or
    /// by the number of a stage that is called like them.
    package func distributions(named targets: [String]) -> Set<String> {
        let names = targets.map { target in
            let stage = BuildStage.all.first { String($0.number) == target }
            return stage?.name ?? target.prefix { $0 != "/" }.description
        }
        // One stage makes the darksites of all that have RPM packages.
        let all = targets.contains { [BuildStage.rpm.name, String(BuildStage.rpm.number)].contains($0) }
        return Set(
            distributions.filter { names.contains($0.name) || (all && $0.family == .rpm && !$0.isOnline) }.map(\.name))
    }

    /// The names of the steps that a build of this declaration has when the distributions `named` are in use, too: known before
    /// anything is resolved, and held to the plan by a test. Whether a profile has an initramfs to make shows when it is resolved.
    func targetNames(naming named: Set<String>) -> TargetNames {
        var steps: [(StepName, Stage)] = []
        func add(_ stage: Stage, _ names: [String]) { steps += names.map { (StepName($0), stage) } }
        let carried =
            iso.darksites
            + distributions.filter { distribution in
                named.contains(distribution.name) && !iso.darksites.contains { $0.distribution == distribution.name }
            }.map(darksite)
        add(BuildStage.builder, ["builder/essential", "builder/bootstrap"])
        if case .made(_, _, let rpmSets) = builder {
            add(BuildStage.builder, ["builder/packages", "builder/image"])
            if !rpmSets.isEmpty, carried.contains(where: { self[distribution: $0.distribution]?.family == .rpm }) {
                add(BuildStage.builder, ["builder/rpm-packages", "builder/rpm-image"])
            }
        }
        for darksite in carried {
            guard let distribution = self[distribution: darksite.distribution] else { continue }
            let installed = darksite.profiles.filter(distribution.installedProfiles.contains)
            var names: [String]
            switch distribution.source {
            case .apt:
                names = ["packages", "indexes", "mirror", "signed", "gate"]
                if distribution.name != live.distribution, !installed.isEmpty { names += ["essential", "bootstrap"] }
            case .rpm(let source):
                names = ["packages", "indexes", "signatures", "mirror", "signed", "gate"]
                // Those of profiles with dracut.
                if source.zfs != nil { names += systems(among: installed).map { "initramfs-\($0)" } }
            }
            names += installed.flatMap { ["slice-\($0)", "install-\($0)"] } + ["darksite"]
            names += systems(among: installed).flatMap { ["system-\($0)-files", "system-\($0)"] }
            add(BuildStage.darksite(of: distribution), names.map { "\(distribution.name)/\($0)" })
        }
        if let live = self[distribution: live.distribution], case .apt(let source) = live.source,
            source.zfsModule != nil
        {
            add(BuildStage.darksite(of: live), ["\(live.name)/zfs-packages", "\(live.name)/zfs-module"])
            add(BuildStage.iso, ["live/base"])
        }
        add(
            BuildStage.iso,
            ["packages", "root", "squashfs", "includes", "overlay", "build", "key", "gate"].map { "live/\($0)" }
                + ["bills", "boot", "digests", "provenance", "signatures", "image"].map { "iso/\($0)" })
        return TargetNames(steps)
    }
}
