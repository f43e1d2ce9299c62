import Machines

/// What a golden image is made like: the words of image-formats.sh, in the order in which they are made and told of.
package enum GoldenFormat: String, Sendable, CaseIterable {
    case qcow2, raw, vhd, vmdk, ova, gce

    /// How the name of such an image ends.
    package var ending: String { self == .gce ? "tar.gz" : rawValue }

    /// How QEMU reads it; of an archive what is in it.
    var drive: MachineConfiguration.Drive.Format {
        switch self {
        case .qcow2: .qcow2
        case .raw, .gce: .raw
        case .vhd: .vpc
        case .vmdk, .ova: .vmdk
        }
    }

    /// The file in the archive that has the disk, where it is an archive of an image called `name`.
    func member(of name: String) -> String? {
        switch self {
        case .ova: "\(name).vmdk"
        case .gce: "disk.raw"
        case .qcow2, .raw, .vhd, .vmdk: nil
        }
    }

    /// The formats that `list` names, with commas between, or `all`; nil where one is unknown.
    package static func named(_ list: String) -> [GoldenFormat]? {
        if list == "all" { return allCases }
        let words = list.split(separator: ",", omittingEmptySubsequences: false).map { $0.drop { $0 == " " } }
        let named = words.compactMap { GoldenFormat(rawValue: String($0)) }
        guard named.count == words.count else { return nil }
        return allCases.filter(named.contains)
    }
}
