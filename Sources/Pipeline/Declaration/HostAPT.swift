package import Primitives
package import SystemPackage

/// Where the apt of this machine gets its packages from: sources.list(5) in both formats, and the proxy of apt.conf(5).
package struct HostAPT: Hashable, Sendable {
    /// One repository that apt is told of.
    package struct Source: Hashable, Sendable {
        package let address: MirrorAddress
        package let suites: [String]
        package let components: [String]
        /// The value of Signed-By; empty where there is none.
        package let signedBy: String

        package init(address: MirrorAddress, suites: [String], components: [String], signedBy: String = "") {
            self.address = address
            self.suites = suites
            self.components = components
            self.signedBy = signedBy
        }
    }

    package let sources: [Source]
    /// What apt uses for http://; nil: it asks the servers themselves.
    package let proxy: String?
    /// What apt uses for https://.
    package let secureProxy: String?

    package init(sources: [Source] = [], proxy: String? = nil, secureProxy: String? = nil) {
        self.sources = sources
        self.proxy = proxy
        self.secureProxy = secureProxy
    }

    /// What stands in `folder`, which is /etc/apt but in tests. A host without apt has nothing there, and nothing is wrong
    /// with that; lines that cannot be understood are passed over, as they are apt's to complain of. Throws where a file
    /// is there and cannot be read.
    package static func read(_ folder: FilePath = "/etc/apt") throws(FileError) -> HostAPT {
        var sources: [Source] = []
        let main = folder.appending("sources.list")
        if Files.exists(main) { sources += APTSourceList.oneLine(try Files.readText(main), folder: folder) }
        for file in try files(in: folder.appending("sources.list.d")) {
            switch file.extension {
            case "list": sources += APTSourceList.oneLine(try Files.readText(file), folder: folder)
            case "sources": sources += APTSourceList.deb822(try Files.readText(file), folder: folder)
            default: continue
            }
        }
        var settings: [String: String] = [:]
        let parts = try files(in: folder.appending("apt.conf.d")).filter {
            $0.extension == nil || $0.extension == "conf"
        }
        for file in parts + [folder.appending("apt.conf")] where Files.exists(file) {
            settings.merge(APTSettings.parse(try Files.readText(file))) { _, later in later }
        }
        func proxy(_ name: String) -> String? {
            settings["acquire::\(name)::proxy"].flatMap { $0.isEmpty || $0 == "DIRECT" || $0 == "false" ? nil : $0 }
        }
        let plain = proxy("http")
        let secure = settings["acquire::https::proxy"] == nil ? plain : proxy("https")
        return HostAPT(sources: sources, proxy: plain, secureProxy: secure)
    }

    private static func files(in folder: FilePath) throws(FileError) -> [FilePath] {
        guard Files.exists(folder) else { return [] }
        return try Files.list(folder).filter { !$0.hasPrefix(".") }.map { folder.appending($0) }
    }
}
