package import Primitives

/// The limits of this process that a container cannot exceed, as `/proc` tells them (proc_pid_limits(5), proc_pid_status(5)).
package struct HostLimits: Hashable, Sendable {
    /// The hard limit of open files; nil where there is none.
    package var openFiles: UInt64?
    /// The hard limit of processes; nil where there is none.
    package var processes: UInt64?
    /// The effective capabilities, a bit each (capabilities(7)).
    package var capabilities: UInt64
    /// The effective user.
    package var userID: UInt32

    package init(openFiles: UInt64?, processes: UInt64?, capabilities: UInt64, userID: UInt32) {
        self.openFiles = openFiles
        self.processes = processes
        self.capabilities = capabilities
        self.userID = userID
    }

    /// Reads the texts of `/proc/self/limits` and `/proc/self/status`; what is missing in them counts as unlimited, or
    /// as no capability.
    package init(limits: String, status: String) {
        self.init(openFiles: nil, processes: nil, capabilities: 0, userID: 0)
        for line in limits.split(separator: "\n") {
            for (name, path) in [("Max open files", \Self.openFiles), ("Max processes", \Self.processes)]
            where line.hasPrefix(name) {
                let values = line.dropFirst(name.count).split(separator: " ")
                self[keyPath: path] = values.count > 1 ? UInt64(values[1]) : nil
            }
        }
        for line in status.split(separator: "\n") {
            if line.hasPrefix("CapEff:") {
                capabilities = UInt64(line.dropFirst(7).filter { !$0.isWhitespace }, radix: 16) ?? 0
            } else if line.hasPrefix("Uid:") {
                let values = line.dropFirst(4).split { $0.isWhitespace }
                userID = values.count > 1 ? UInt32(values[1]) ?? 0 : 0
            }
        }
    }

    /// Those of this process.
    package static func current(proc: Proc = Proc()) throws(FileError) -> HostLimits {
        HostLimits(limits: try proc.text("self/limits"), status: try proc.text("self/status"))
    }

    /// The capabilities beyond podman's defaults that a root file system is made with, as far as a container here can have
    /// them: device nodes (mknod), and the audit records that `passwd` and `useradd` write. Without root podman makes a user
    /// name space, in which all can be had.
    package var addedCapabilities: [String] {
        [("MKNOD", 27), ("AUDIT_WRITE", 29)].filter { userID != 0 || capabilities >> $0.1 & 1 == 1 }.map(\.0)
    }
}
