package import Primitives
import SystemPackage

/// The process that a container belongs to, told apart from any other that ever gets the same number.
package struct ContainerOwner: Hashable, Sendable {
    /// As it counts in `nameSpace`.
    package let processID: Int
    /// When it started, in clock ticks after the boot: field 22 of `/proc/PID/stat` (proc_pid_stat(5)).
    package let startTime: UInt64
    /// Of `/proc/sys/kernel/random/boot_id`.
    package let bootID: String
    /// The process ID name space in which `processID` counts: "pid:[4026531836]" (pid_namespaces(7)).
    package let nameSpace: String

    package init(processID: Int, startTime: UInt64, bootID: String, nameSpace: String) {
        self.processID = processID
        self.startTime = startTime
        self.bootID = bootID
        self.nameSpace = nameSpace
    }

    /// The value of the label that names the owner: "4711/93024/9f1c…/pid:[4026531836]".
    package var label: String { "\(processID)/\(startTime)/\(bootID)/\(nameSpace)" }

    /// Reads what `label` wrote; nil where it is nothing of the kind.
    package init?(label: String) {
        let fields = label.split(separator: "/", omittingEmptySubsequences: false)
        guard fields.count == 4, let processID = Int(fields[0]), let startTime = UInt64(fields[1]) else { return nil }
        self.init(processID: processID, startTime: startTime, bootID: String(fields[2]), nameSpace: String(fields[3]))
    }

    /// This process.
    package static func current(proc: Proc = Proc()) throws(FileError) -> ContainerOwner {
        let stat = try proc.text("self/stat")
        guard let processID = stat.split(separator: " ").first.flatMap({ Int($0) }),
            let startTime = startTime(stat: stat)
        else { throw FileError("understand", proc.root.appending("self/stat"), .invalidArgument) }
        return ContainerOwner(
            processID: processID, startTime: startTime, bootID: try bootID(proc),
            nameSpace: try proc.link("self/ns/pid"))
    }

    /// Whether the process is certainly gone. One of another process ID name space is not ours to judge.
    package func isGone(asSeenBy observer: ContainerOwner, proc: Proc = Proc()) -> Bool {
        guard bootID == observer.bootID else { return true }
        guard nameSpace == observer.nameSpace else { return false }
        guard let stat = try? proc.text("\(processID)/stat") else {
            return !proc.exists("\(processID)")
        }
        return Self.startTime(stat: stat) != startTime
    }

    private static func bootID(_ proc: Proc) throws(FileError) -> String {
        String(try proc.text("sys/kernel/random/boot_id").filter { !$0.isWhitespace })
    }

    /// The command's name, field 2, is in parentheses and may hold anything: fields are counted after the last one.
    private static func startTime(stat: String) -> UInt64? {
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[end...].split(separator: " ")
        return fields.count > 20 ? UInt64(fields[20]) : nil
    }
}
