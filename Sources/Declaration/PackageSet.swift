package import Primitives

/// A file of `package-sets/<distribution>/`: package names, a line each.
///
///     name                  wanted
///     name=1.2-3            … in this version
///     name/trixie-backports … as this suite has it
///     name:arm64            … of another architecture
///     name [amd64 arm64]    only on these architectures; of a Debian distribution also dpkg's wildcards, as linux-any
///     name?                 optional: its absence is reported
///     -name                 must not be in the mirror
///     @include base         all that another set says
///     @recommends           a profile with this set has what its packages recommend, too: Recommends, and RPM's other weak
///                           dependencies
///     @core                 a group of packages, or an environment, as the repositories of RPM packages have them (comps);
///                           @^minimal-environment is the same as @minimal-environment
///     # to the end of the line: a comment
///
/// Lines may end as on Windows, and the file may begin with a byte order mark.
package struct PackageSet: Hashable, Sendable {
    /// The file's without ".txt": "server".
    package let name: String
    /// The file as shown to people.
    package let file: String
    /// The sets it includes, in order.
    package let includes: [PackageSetReference]
    /// Its own entries, in order.
    package let entries: [PackageSetEntry]
    /// Whether profiles with it follow recommendations.
    package let followsRecommends: Bool

    /// Reads `text`, the contents of `file`. Throws every error in it at once.
    package init(parsing text: String, name: String, file: String) throws(UserErrors) {
        var includes: [PackageSetReference] = []
        var entries: [PackageSetEntry] = []
        var followsRecommends = false
        var errors: [any UserError] = []
        let lines = text.withoutByteOrderMark.split(
            omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" })
        for (index, line) in lines.enumerated() {
            var reader = PackageSetLine(line, location: SourceLocation(file: file, line: index + 1))
            do throws(Mistake) {
                switch try reader.read() {
                case .nothing: break
                case .include(let reference): includes.append(reference)
                case .entry(let entry): entries.append(entry)
                case .recommends: followsRecommends = true
                }
            } catch {
                errors.append(error)
            }
        }
        guard errors.isEmpty else { throw UserErrors(errors) }
        self.name = name
        self.file = file
        self.includes = includes
        self.entries = entries
        self.followsRecommends = followsRecommends
    }
}
