package import BuildGraph
import Locking
import Packages
import Primitives

/// What the gates of a medium of updates read of each profile, beside the mirror: the script's header says in which form.
package struct DeltaGate: Sendable {
    private let delta: DistributionDelta
    private let earlier: EarlierPackages

    package init(_ delta: DistributionDelta, earlier: EarlierPackages) {
        self.delta = delta
        self.earlier = earlier
    }

    /// The inputs; `version` says a package's version as lists on the image have it.
    package func inputs(_ version: (DistributionDelta.Package) -> String) -> [String: StepInput] {
        var inputs: [String: StepInput] = [:]
        func list(_ packages: [DistributionDelta.Package]) -> StepInput {
            .literal(Array(packages.map { "\($0.name) \(version($0)) \($0.architecture)\n" }.sorted().joined().utf8))
        }
        for profile in delta.profiles {
            inputs["before/\(profile.name)"] = list(delta.from.installed(by: profile.name))
            inputs["after/\(profile.name)"] = list(delta.to.installed(by: profile.name))
            inputs["arriving/\(profile.name)"] = list(profile.arriving)
            inputs["leaving/\(profile.name)"] = list(profile.removals)
            if case .apt(let status) = earlier {
                inputs["status/\(profile.name)"] = .literal(status[profile.name] ?? [])
            }
        }
        return inputs
    }
}
