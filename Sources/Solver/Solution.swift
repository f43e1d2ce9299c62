/// Packages that can be installed together and meet a request, and nothing that isn't needed for it.
package struct Solution: Hashable, Sendable {
    /// Why a package is in.
    package enum Reason: Hashable, Sendable {
        /// The item of the request with this label asks for it.
        case requested(label: Int32)
        /// Another package of the solution requires it; the label is that of the requirement.
        case required(by: PackageID, label: Int32, isOptional: Bool)
    }

    /// An optional requirement that could not be had without breaking what was decided before.
    package struct Dropped: Hashable, Sendable {
        /// The item of the request, or the requirement of a package, that was to be met.
        package let source: Reason
        /// Whether there are packages at all that would satisfy it.
        package let hasCandidates: Bool

        package init(source: Reason, hasCandidates: Bool) {
            self.source = source
            self.hasCandidates = hasCandidates
        }
    }

    /// One package on the way from the request to another package.
    package struct Link: Hashable, Sendable {
        /// What is in the solution.
        package let package: PackageID
        /// What asked for it: the request, or the package of the link before.
        package let reason: Reason
    }

    /// Sorted.
    package let packages: [PackageID]
    /// Why each of `packages` is in, in the same order. Following the reasons is a shortest way to the request.
    package let reasons: [Reason]
    /// In the order in which they were tried.
    package let dropped: [Dropped]

    /// Both lists of the same length; `packages` sorted.
    package init(packages: [PackageID], reasons: [Reason], dropped: [Dropped] = []) {
        self.packages = packages
        self.reasons = reasons
        self.dropped = dropped
    }

    /// Whether `package` is in, found by halving.
    package func contains(_ package: PackageID) -> Bool { position(of: package) != nil }

    /// Why `package` is in; nil where it isn't.
    package func reason(for package: PackageID) -> Reason? { position(of: package).map { reasons[$0] } }

    /// The shortest way from the request to `package`, which is its last link; empty where it isn't in the solution.
    package func chain(to package: PackageID) -> [Link] {
        var links: [Link] = []
        var current = package
        while let reason = reason(for: current) {
            links.append(Link(package: current, reason: reason))
            guard case .required(let by, _, _) = reason else { break }
            current = by
        }
        return links.reversed()
    }

    private func position(of package: PackageID) -> Int? {
        var range = 0..<packages.count
        while !range.isEmpty {
            let middle = (range.lowerBound + range.upperBound) / 2
            if packages[middle] == package { return middle }
            range = packages[middle] < package ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return nil
    }
}
