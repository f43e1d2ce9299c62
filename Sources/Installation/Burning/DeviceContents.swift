import Primitives
import SystemPackage

/// What lies on a disk before it is written over, for the one who is asked.
package struct DeviceContents: Hashable, Sendable {
    /// A line each: "a partition table (gpt)", "sdb1: vfat BACKUP".
    package let lines: [String]

    /// Asks blkid(8), which reads the disk and its parts themselves. `environment` is what it runs with.
    ///
    /// Throws `CancellationError`. Where there is no blkid, that is what the line says.
    package static func of(_ device: BlockDevice, environment: [String: String]) async throws -> DeviceContents {
        let blkid = ChildProgram("blkid", environment: environment, changes: ["LC_ALL": "C"])
        var lines: [String] = []
        for name in [device.name] + device.partitions {
            let path = device.path.removingLastComponent().appending(name)
            let result: ChildProgram.Outcome
            do {
                result = try await blkid.run(["--probe", "--output", "export", path.string])
            } catch is ChildProgram.Failure {
                return DeviceContents(lines: ["not known: there is no blkid here to look"])
            }
            if let line = line(name, result, isWhole: name == device.name) { lines.append(line) }
        }
        return DeviceContents(lines: lines.isEmpty ? ["nothing that blkid knows"] : lines)
    }

    private static func line(_ name: String, _ result: ChildProgram.Outcome, isWhole: Bool) -> String? {
        // It ends with 2 where it finds nothing, with 8 where it finds two things at once (blkid(8)).
        if result.status == 8 { return "\(name): several things at once" }
        var values: [String: String] = [:]
        for line in result.lines {
            guard let equals = line.firstIndex(of: "=") else { continue }
            values[String(line[..<equals])] = line[line.index(after: equals)...].filter { $0 != "\\" }
        }
        let label = values["LABEL"] ?? values["PART_ENTRY_NAME"]
        let words = [values["TYPE"], label.map { "“\($0)”" }, values["PTTYPE"].map { "a partition table (\($0))" }]
        let said = words.compactMap { $0 }.joined(separator: " ")
        return said.isEmpty ? (isWhole ? nil : "\(name): nothing that blkid knows") : "\(name): \(said)"
    }
}
