package import Declaration
import Primitives
package import SystemPackage

/// Where the apt of this machine gets its packages from: sources.list(5) in both formats, and the proxies of apt.conf(5).
package struct HostAPT: Hashable, Sendable {
    /// One repository that apt is told of.
    package struct Source: Hashable, Sendable {
        /// Where the archive is: what follows `deb` and its options, or a URI of URIs.
        package let address: MirrorAddress
        /// "trixie", "trixie-updates"; one in the old format.
        package let suites: [String]
        /// "main"; empty for a flat repository.
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

    /// In the order in which apt reads them: sources.list, then sources.list.d by name.
    package let sources: [Source]
    /// How apt gets to the addresses.
    package let proxies: APTProxies
    /// What is there and could not be read, with the reason: it was passed over, as apt does it.
    package let problems: [String]

    package init(sources: [Source] = [], proxies: APTProxies = APTProxies([:]), problems: [String] = []) {
        self.sources = sources
        self.proxies = proxies
        self.problems = problems
    }

    /// What stands in `folder`, which is /etc/apt but in tests. A host without apt has nothing there, and nothing is wrong
    /// with that; lines that cannot be understood are passed over, as they are apt's to complain of.
    package static func read(_ folder: FilePath = "/etc/apt") -> HostAPT {
        var files = APTFiles(folder: folder)
        var sources: [Source] = []
        for file in [folder.appending("sources.list")] + files.parts("sources.list.d", endings: ["list", "sources"]) {
            guard let text = files.text(file) else { continue }
            sources +=
                file.extension == "list"
                ? APTSourceList.oneLine(text, folder: folder) : APTSourceList.deb822(text, folder: folder)
        }
        var settings: [String: String] = [:]
        for file in files.parts("apt.conf.d", endings: ["conf", nil]) + [folder.appending("apt.conf")] {
            guard let text = files.text(file) else { continue }
            settings.merge(APTSettings.parse(text)) { _, later in later }
        }
        return HostAPT(sources: sources, proxies: APTProxies(settings), problems: files.problems)
    }
}

/// Files of apt's configuration, and what of them could not be read.
struct APTFiles {
    let folder: FilePath
    private(set) var problems: [String] = []

    init(folder: FilePath) { self.folder = folder }

    /// The text of a file; nil where there is none.
    mutating func text(_ path: FilePath) -> String? {
        do throws(FileError) {
            // A link to nothing is a file that can't be read.
            guard try FileStatus(at: path) != nil else { return nil }
            return try Files.readText(path)
        } catch {
            problems.append(error.what)
            return nil
        }
    }

    /// The files of a folder that count, in order.
    mutating func parts(_ name: String, endings: [String?]) -> [FilePath] {
        let path = folder.appending(name)
        do throws(FileError) {
            guard try FileStatus(at: path) != nil else { return [] }
            return try Files.list(path).filter { !$0.hasPrefix(".") }.map { path.appending($0) }
                .filter { endings.contains($0.extension) }
        } catch {
            problems.append(error.what)
            return []
        }
    }
}
