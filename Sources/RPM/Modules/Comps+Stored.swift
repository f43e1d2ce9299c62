package import Primitives

/// Groups in a form that is read back without XML.
extension Comps {
    private static let magic: UInt32 = 0x434F_4D02

    /// All of it, to be stored beside a table.
    package var storedBytes: [UInt8] {
        var writer = StoredWriter()
        writer.put(Self.magic)
        writer.put(groups) { writer, group in
            for text in [group.id, group.name, group.description] { writer.put(text) }
            writer.put(group.isDefault ? 1 : 0)
            writer.put(group.members) { writer, member in
                writer.put(member.name)
                writer.put(UInt32(Self.memberships.firstIndex(of: member.membership) ?? 0))
                writer.put(member.condition)
            }
        }
        writer.put(environments) { writer, environment in
            for text in [environment.id, environment.name, environment.description] { writer.put(text) }
            writer.put(environment.groups) { $0.put($1) }
            writer.put(environment.options) { writer, option in
                writer.put(option.group)
                writer.put(option.isDefault ? 1 : 0)
            }
        }
        return writer.bytes
    }

    /// What was stored as ``storedBytes``; nil where `region` is none.
    package init?(stored region: ByteRegion) {
        var reader = StoredReader(region.bytes)
        guard reader.number() == Self.magic else { return nil }
        groups = reader.list { reader in
            var group = Group(id: reader.text(), name: reader.text(), description: reader.text())
            group.isDefault = reader.number() != 0
            group.members = reader.list { reader in
                let (name, kind) = (reader.text(), Int(reader.number()))
                let isKnown = Self.memberships.indices.contains(kind)
                return Member(
                    name: name, membership: isKnown ? Self.memberships[kind] : .optional,
                    condition: reader.list { $0.text() }.first)
            }
            return group
        }
        environments = reader.list { reader in
            var environment = Environment(id: reader.text(), name: reader.text(), description: reader.text())
            environment.groups = reader.list { $0.text() }
            environment.options = reader.list { Option(group: $0.text(), isDefault: $0.number() != 0) }
            return environment
        }
        guard reader.isWhole else { return nil }
    }

    private static let memberships: [Membership] = [.mandatory, .default, .optional, .conditional]
}

extension StoredWriter {
    /// A list of none or one.
    fileprivate mutating func put(_ text: String?) { put(text.map { [$0] } ?? []) { $0.put($1) } }
}
