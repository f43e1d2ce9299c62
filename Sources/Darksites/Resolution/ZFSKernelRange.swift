/// The first two numbers of a kernel's version: 6.12.
package struct KernelSeries: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// 6 of 6.12.
    package let major: Int
    /// 12 of 6.12.
    package let minor: Int

    package init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// The series of what begins with a kernel's version: "6.12.57+deb13-amd64", "6.17". Nil where nothing does.
    package init?(of text: String) {
        let numbers = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false).prefix(2)
            .map { Int($0.prefix { ("0"..."9").contains($0) }) }
        guard numbers.count == 2, let major = numbers[0], let minor = numbers[1] else { return nil }
        self.init(major, minor)
    }

    package static func < (a: Self, b: Self) -> Bool { (a.major, a.minor) < (b.major, b.minor) }
    package var description: String { "\(major).\(minor)" }
}

/// For which kernels a version of OpenZFS can be built: `Linux-Minimum` and `Linux-Maximum` in its file META.
package struct ZFSKernelRange: Hashable, Sendable {
    /// As its package is versioned: "2.3.9-0+deb13u1".
    package let zfs: String
    /// The oldest series; 0.0 where META names none.
    package let minimum: KernelSeries
    /// The newest series, all of it included.
    package let maximum: KernelSeries

    package init(zfs: String, minimum: KernelSeries, maximum: KernelSeries) {
        self.zfs = zfs
        self.minimum = minimum
        self.maximum = maximum
    }

    /// The range in `meta`, the text of the file; nil where it does not say one.
    package init?(meta: String, zfs: String) {
        var found: [String: KernelSeries] = [:]
        for line in meta.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            found[String(parts[0])] = KernelSeries(of: String(parts[1].drop { $0 == " " || $0 == "\t" }))
        }
        guard let maximum = found["Linux-Maximum"] else { return nil }
        self.init(zfs: zfs, minimum: found["Linux-Minimum"] ?? KernelSeries(0, 0), maximum: maximum)
    }

    /// Whether the module can be built for the kernel `release`; one that is called otherwise than kernels are, is let pass.
    package func admits(_ release: String) -> Bool {
        KernelSeries(of: release).map { (minimum...max(minimum, maximum)).contains($0) } ?? true
    }
}
