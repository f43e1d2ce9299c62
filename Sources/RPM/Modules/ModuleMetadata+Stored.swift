package import Primitives

/// Modules in a form that is read back without YAML: a hundredth of the time.
extension ModuleMetadata {
    private static let magic: UInt32 = 0x4D4F_4401

    /// All but the documents' texts, to be stored beside a table.
    package var storedBytes: [UInt8] {
        var writer = StoredWriter()
        writer.put(Self.magic)
        writer.put(builds) { writer, build in
            writer.put(build.name)
            writer.put(build.stream)
            writer.put(UInt32(truncatingIfNeeded: build.version))
            writer.put(UInt32(truncatingIfNeeded: build.version >> 32))
            writer.put(build.context)
            writer.put(build.architecture)
            writer.put(build.artifacts) { $0.put($1) }
            writer.put(build.requirements) { $0.put($1) }
            writer.put(build.demodularized) { $0.put($1) }
            writer.put(build.profiles)
        }
        writer.put(defaults) { writer, one in
            writer.put(one.module)
            writer.put(one.stream.map { [$0] } ?? []) { $0.put($1) }
            writer.put(one.profiles)
        }
        return writer.bytes
    }

    /// What was stored as ``storedBytes``, with empty texts; nil where `region` is none.
    package init?(stored region: ByteRegion) {
        var reader = StoredReader(region.bytes)
        guard reader.number() == Self.magic else { return nil }
        let builds = reader.list { reader -> Build in
            let (name, stream) = (reader.text(), reader.text())
            let version = UInt64(reader.number()) | UInt64(reader.number()) << 32
            return Build(
                name: name, stream: stream, version: version, context: reader.text(), architecture: reader.text(),
                artifacts: reader.list { $0.text() }, requirements: reader.list { $0.lists() },
                demodularized: reader.list { $0.text() }, profiles: reader.lists(), text: "")
        }
        let defaults = reader.list { reader in
            Defaults(
                module: reader.text(), stream: reader.list { $0.text() }.first, profiles: reader.lists(), text: "")
        }
        guard reader.isWhole else { return nil }
        self.init()
        self.builds = builds
        self.defaults = defaults
    }
}
