import Primitives

/// Which streams of modules are active: the default ones, those that somebody enables, and what they require.
///
/// As in libdnf's ModulePackageContainer: a stream that is enabled takes the place of the default one; a module that is
/// disabled has none.
package struct ModuleSelection: Hashable, Sendable {
    /// The stream of each active module.
    package let streams: [String: String]
    /// The builds that are active: of each stream the latest version, in all contexts whose requirements are met.
    package let active: [ModuleMetadata.Build]
    /// All other builds, whose packages are hidden.
    package let inactive: [ModuleMetadata.Build]

    /// The selection from `metadata`, where `enabled` has the stream of each module that a declaration enables, and `disabled`
    /// modules without an active stream, whatever their default. `platform`, such as "el9", is what modules may require; where
    /// it is nil that is not looked at.
    ///
    /// Throws where a module or stream that is enabled does not exist, or requires what can't be active beside the others.
    package init(
        _ metadata: ModuleMetadata, enabled: [String: String] = [:], disabled: Set<String> = [], platform: String? = nil
    ) throws(ModuleError) {
        var streams: [String: String] = [:]
        for defaults in metadata.defaults where !disabled.contains(defaults.module) {
            guard let stream = defaults.stream else { continue }
            // A default whose packages are not here is none.
            if metadata.builds.contains(where: { $0.name == defaults.module && $0.stream == stream }) {
                streams[defaults.module] = stream
            }
        }
        let defaultStreams = streams
        for (module, stream) in enabled {
            let known = Set(metadata.builds.filter { $0.name == module }.map(\.stream)).sorted()
            guard !known.isEmpty else {
                throw ModuleError(
                    module: module, stream: stream,
                    problem: .unknownModule(
                        known: Set(metadata.builds.map(\.name)).sorted()))
            }
            guard known.contains(stream) else {
                throw ModuleError(module: module, stream: stream, problem: .unknownStream(known: known))
            }
            streams[module] = stream
        }
        // What an active stream requires becomes active, too; enabled ones first, since they can't be dropped.
        var open = enabled.keys.sorted() + defaultStreams.keys.filter { enabled[$0] == nil }.sorted()
        var requirers: [String: String] = [:]
        while !open.isEmpty {
            let module = open.removeFirst()
            guard let stream = streams[module] else { continue }
            let builds = Self.latest(metadata.builds.filter { $0.name == module && $0.stream == stream })
            let choices = builds.flatMap { $0.requirements.isEmpty ? [[:]] : $0.requirements }
            let possible = choices.first { choice in
                choice.allSatisfy { name, wanted in
                    Self.isPossible(name, wanted, streams, disabled, platform, metadata)
                }
            }
            guard let possible else {
                if enabled[module] == nil, requirers[module] == nil {
                    // A default that can't be had is left out, as dnf does.
                    streams[module] = nil
                    continue
                }
                let needed = choices.flatMap { $0.map { "\($0)\($1.isEmpty ? "" : ":\($1.joined(separator: "|"))")" } }
                throw ModuleError(
                    module: module, stream: stream, problem: .unmetRequirements(Set(needed).sorted()))
            }
            for (name, wanted) in possible.sorted(by: { $0.key < $1.key }) where name != "platform" {
                guard streams[name] == nil, let chosen = Self.stream(of: name, wanted, metadata) else { continue }
                streams[name] = chosen
                requirers[name] = module
                open.append(name)
            }
        }
        self.streams = streams
        var active: [ModuleMetadata.Build] = []
        var inactive: [ModuleMetadata.Build] = []
        let byStream = Dictionary(grouping: metadata.builds) { "\($0.name):\($0.stream)" }
        for build in metadata.builds {
            let isLatest = byStream["\(build.name):\(build.stream)"].map { Self.latest($0).contains(build) } ?? false
            let isMet =
                build.requirements.isEmpty
                || build.requirements.contains { choice in
                    choice.allSatisfy { name, wanted in
                        name == "platform"
                            ? Self.accepts(wanted, platform ?? wanted.first ?? "")
                            : streams[name].map { Self.accepts(wanted, $0) } ?? false
                    }
                }
            if streams[build.name] == build.stream, isLatest, isMet {
                active.append(build)
            } else {
                inactive.append(build)
            }
        }
        self.active = active
        self.inactive = inactive
    }

    /// No modules at all.
    package init() { (streams, active, inactive) = ([:], [], []) }

    private static func latest(_ builds: [ModuleMetadata.Build]) -> [ModuleMetadata.Build] {
        var newest: [String: UInt64] = [:]
        for build in builds { newest[build.context] = max(newest[build.context] ?? 0, build.version) }
        return builds.filter { $0.version == newest[$0.context] }
    }

    /// Whether `stream` is among those wanted; "-stream" excludes one, none at all means any.
    private static func accepts(_ wanted: [String], _ stream: String) -> Bool {
        if wanted.contains("-" + stream) { return false }
        let positive = wanted.filter { !$0.hasPrefix("-") }
        return positive.isEmpty || positive.contains(stream)
    }

    private static func isPossible(
        _ name: String, _ wanted: [String], _ streams: [String: String], _ disabled: Set<String>, _ platform: String?,
        _ metadata: ModuleMetadata
    ) -> Bool {
        if name == "platform" { return platform.map { accepts(wanted, $0) } ?? true }
        if disabled.contains(name) { return false }
        if let stream = streams[name] { return accepts(wanted, stream) }
        return stream(of: name, wanted, metadata) != nil
    }

    /// The stream to activate of a module that has none yet: its default if it will do, else the only one that does.
    private static func stream(of name: String, _ wanted: [String], _ metadata: ModuleMetadata) -> String? {
        let known = Set(metadata.builds.filter { $0.name == name }.map(\.stream)).filter { accepts(wanted, $0) }
        let preferred = metadata.defaults.first { $0.module == name }?.stream
        if let preferred, known.contains(preferred) { return preferred }
        return known.max { RPMVersion($0) < RPMVersion($1) }
    }
}

/// A module that can't be enabled.
package struct ModuleError: UserError, Hashable {
    /// Why it can't be enabled, and what could.
    package enum Problem: Hashable, Sendable {
        case unknownModule(known: [String])
        case unknownStream(known: [String])
        /// "name:stream", of which none can be active beside what else is.
        case unmetRequirements([String])
    }

    /// "nodejs"
    package let module: String
    /// "20"; empty where none was named.
    package let stream: String
    /// Why it can't be enabled.
    package let problem: Problem

    package var what: String {
        let name = stream.isEmpty ? module : "\(module):\(stream)"
        switch problem {
        case .unknownModule: return "there is no module \(module)"
        case .unknownStream: return "the module \(module) has no stream \(stream)"
        case .unmetRequirements(let needed):
            return "\(name) can't be enabled: it requires \(needed.joined(separator: " or "))"
        }
    }
    package var hint: String? {
        switch problem {
        case .unknownModule(let known): known.isEmpty ? nil : "there are \(known.joined(separator: ", "))"
        case .unknownStream(let known):
            known.isEmpty ? nil : "it has \(known.joined(separator: ", "))"
        case .unmetRequirements: "enable another stream, or disable the module that is in the way"
        }
    }
    package var isUsageError: Bool { true }
}
