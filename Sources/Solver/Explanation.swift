/// Why a request can't be met: facts that exclude each other. None can be left out, but where there are very many.
package struct Explanation: Hashable, Sendable {
    /// One reason, in the terms of the universe: it finds the words for a label.
    package enum Fact: Hashable, Sendable {
        /// The item of the request with this label asks for one of the candidates; there may be none.
        case requested(label: Int32, candidates: [PackageID])
        /// A package requires one of the candidates while all of `given` are installed.
        case requires(PackageID, label: Int32, candidates: [PackageID], given: [PackageID])
        /// A package requires what no package satisfies.
        case nothingProvides(PackageID, label: Int32)
        /// The first package declares the conflict with the second.
        case conflicts(PackageID, label: Int32, PackageID)
        /// The request excludes the package.
        case forbidden(PackageID)
    }

    /// In an order to be read in: each follows what brings its package in.
    package let facts: [Fact]

    package init(facts: [Fact]) { self.facts = facts }

    /// The items of the request that can't be had together, in the order of the request.
    package var involvedRequestLabels: [Int32] {
        var seen: Set<Int32> = []
        return facts.compactMap { fact in
            if case .requested(let label, _) = fact, seen.insert(label).inserted { label } else { nil }
        }
    }

    /// The packages that the request excludes and without whose exclusion this would not be impossible.
    package var forbiddenPackages: [PackageID] {
        facts.compactMap { if case .forbidden(let package) = $0 { package } else { nil } }
    }
}
