import Archives
import Primitives

/// Groups of packages and environments of groups: comps.xml, as `dnf group` shows them.
package struct Comps: Hashable, Sendable {
    /// How a group holds a package.
    package enum Membership: String, Hashable, Sendable {
        case mandatory, `default`, optional
        /// Where another package is installed, too.
        case conditional
    }

    /// A package of a group.
    package struct Member: Hashable, Sendable {
        /// The package's: "bash".
        package let name: String
        /// When it is installed with the group.
        package let membership: Membership
        /// Of a conditional one: the package that asks for it.
        package let condition: String?

        package init(name: String, membership: Membership, condition: String? = nil) {
            self.name = name
            self.membership = membership
            self.condition = condition
        }
    }

    /// Packages that are asked for together: `@core`.
    package struct Group: Hashable, Sendable {
        /// "core"
        package let id: String
        /// For people: "Core". Translations of it are not read; so it is with descriptions.
        package internal(set) var name = ""
        /// Sentences for people; empty where there are none.
        package internal(set) var description = ""
        /// Whether an installer takes it unless somebody says otherwise.
        package internal(set) var isDefault = false
        /// In the order of the file.
        package internal(set) var members: [Member] = []
    }

    /// Groups that make a kind of system: `@server-product-environment`.
    package struct Environment: Hashable, Sendable {
        /// "server-product-environment"
        package let id: String
        /// For people: "Server".
        package internal(set) var name = ""
        /// Sentences for people; empty where there are none.
        package internal(set) var description = ""
        /// Ids of groups that belong to it.
        package internal(set) var groups: [String] = []
        /// Ids of groups that may be added, and whether they are unless somebody says otherwise.
        package internal(set) var options: [Option] = []
    }

    /// A group that an environment can have beside its own.
    package struct Option: Hashable, Sendable {
        /// The group's id.
        package let group: String
        /// Whether it is added unless somebody says otherwise.
        package let isDefault: Bool
    }

    /// In the order of the file, then those that only the repositories merged in have.
    package internal(set) var groups: [Group] = []
    /// In the same order.
    package internal(set) var environments: [Environment] = []

    private static let sizeLimit = 64 << 20

    package init() {}

    /// Reads a comps.xml, packed or not. Throws `MetadataError` or `ArchiveError`.
    package init(reading bytes: [UInt8], source: String) throws {
        let handler = CompsHandler()
        try XMLStream.read(bytes, source: source, sizeLimit: Self.sizeLimit, handler)
        self = handler.comps
    }

    /// These and those of another repository. A group that both have gets the members of both, as libdnf merges them.
    package func merged(with other: Comps) -> Comps {
        var result = self
        for group in other.groups {
            if let place = result.groups.firstIndex(where: { $0.id == group.id }) {
                for member in group.members
                where !result.groups[place].members.contains(where: { $0.name == member.name }) {
                    result.groups[place].members.append(member)
                }
            } else {
                result.groups.append(group)
            }
        }
        for environment in other.environments {
            if let place = result.environments.firstIndex(where: { $0.id == environment.id }) {
                for group in environment.groups where !result.environments[place].groups.contains(group) {
                    result.environments[place].groups.append(group)
                }
                let known = result.environments[place].options.map(\.group)
                result.environments[place].options += environment.options.filter { !known.contains($0.group) }
            } else {
                result.environments.append(environment)
            }
        }
        return result
    }

    /// The group with this id; names are not looked at.
    package func group(_ id: String) -> Group? { groups.first { $0.id == id } }
    /// The environment with this id; names are not looked at.
    package func environment(_ id: String) -> Environment? { environments.first { $0.id == id } }

    /// The packages that `@name` asks for: those of a group or an environment, by id, else by name. nil where there is none.
    ///
    /// As dnf does, mandatory and default members are taken, of an environment those of its groups and of the options that are
    /// on by default. Optional ones where `includesOptional` says so.
    package func members(of name: String, includesOptional: Bool = false) -> [Member]? {
        let chosen: [Group]
        if let environment = environment(name) ?? environments.first(where: { $0.name == name }) {
            let ids = environment.groups + environment.options.filter(\.isDefault).map(\.group)
            chosen = ids.compactMap(group)
        } else if let group = group(name) ?? groups.first(where: { $0.name == name }) {
            chosen = [group]
        } else {
            return nil
        }
        var members: [Member] = []
        var known: Set<Member> = []
        for group in chosen {
            for member in group.members where includesOptional || member.membership != .optional {
                if known.insert(member).inserted { members.append(member) }
            }
        }
        return members
    }
}

final class CompsHandler: XMLHandler {
    private(set) var comps = Comps()
    private var group: Comps.Group?
    private var environment: Comps.Environment?
    private var membership = Comps.Membership.mandatory
    private var condition: String?
    private var isOption = false
    private var isDefaultOption = false
    private var isTranslation = false

    override func start(_ name: UnsafeRawBufferPointer, _ attributes: XMLAttributes, depth: Int) {
        switch depth {
        case 0: if !name.isSame(as: "comps") { fail(.wrongRoot(Self.excerpt(name))) }
        case 1:
            group = name.isSame(as: "group") ? Comps.Group(id: "") : nil
            environment = name.isSame(as: "environment") ? Comps.Environment(id: "") : nil
            if comps.groups.count + comps.environments.count > 100_000 { fail(.tooMany("groups")) }
        case 2 where group != nil || environment != nil:
            isTranslation = attributes.value("lang") != nil
            isOption = name.isSame(as: "optionlist")
            let isList = isOption || name.isSame(as: "packagelist") || name.isSame(as: "grouplist")
            if !isList { collect() }
        case 3 where name.isSame(as: "packagereq"):
            let type = attributes.value("type").map { String(decoding: $0, as: UTF8.self) }
            membership = type.flatMap(Comps.Membership.init) ?? .mandatory
            condition = attributes.value("requires").map { String(decoding: $0, as: UTF8.self) }
            collect()
        case 3 where name.isSame(as: "groupid"):
            isDefaultOption = attributes.value("default").map { $0.isSame(as: "true") } ?? false
            collect()
        default: break
        }
    }

    override func end(_ name: UnsafeRawBufferPointer, depth: Int) {
        if collectsText, depth == 2 || depth == 3 {
            collectsText = false
            let value = text.withUnsafeBytes { String(decoding: $0.trimmed, as: UTF8.self) }
            if depth == 2 { property(name, value) } else { member(name, value) }
        }
        guard depth == 1 else { return }
        if let group {
            if group.id.isEmpty { return fail(.missing("the id of a group")) }
            comps.groups.append(group)
        }
        if let environment {
            if environment.id.isEmpty { return fail(.missing("the id of an environment")) }
            comps.environments.append(environment)
        }
        (group, environment) = (nil, nil)
    }

    private func property(_ name: UnsafeRawBufferPointer, _ value: String) {
        guard !isTranslation else { return }
        switch String(decoding: name, as: UTF8.self) {
        case "id":
            if group != nil { group = Comps.Group(id: value) }
            if environment != nil { environment = Comps.Environment(id: value) }
        case "name":
            group?.name = value
            environment?.name = value
        case "description":
            group?.description = value
            environment?.description = value
        case "default": group?.isDefault = value == "true"
        default: break
        }
    }

    private func member(_ name: UnsafeRawBufferPointer, _ value: String) {
        guard !value.isEmpty else { return }
        if name.isSame(as: "packagereq") {
            group?.members.append(Comps.Member(name: value, membership: membership, condition: condition))
        } else if isOption {
            environment?.options.append(Comps.Option(group: value, isDefault: isDefaultOption))
        } else {
            environment?.groups.append(value)
        }
    }
}
