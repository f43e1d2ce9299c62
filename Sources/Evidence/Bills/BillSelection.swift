package import Locking
import Packages
import Primitives

/// The packages of one profile, out of the bill of materials of an image that has more.
package struct BillSelection {
    private let identifiers: Set<String>
    /// Of packages that the build made: their identifiers without the digits at the end.
    private let built: Set<String>
    private let name: String

    /// `name` is what the new bill is about.
    package init(of locked: LockedDistribution, profile: String, name: String) {
        identifiers = Set(
            locked.packages(of: profile).map {
                BillOfMaterials.Package.identifier(
                    distribution: locked.name, name: $0.name, architecture: $0.architecture, digest: $0.digest)
            })
        built = Set(
            locked.built.filter { $0.profiles.contains(profile) }.map {
                BillOfMaterials.Package.plain("\(locked.name)-\($0.name)-\($0.architecture)-")
            })
        self.name = name
    }

    private func has(_ identifier: String) -> Bool {
        identifiers.contains(identifier) || built.contains(String(identifier.dropLast(7)))
    }

    /// The part of `bill`, a document of SPDX or CycloneDX as `BillOfMaterials` writes them, that is about these packages; nil where it is
    /// neither.
    package func document(_ bill: [UInt8]) -> [UInt8]? {
        guard let document = JSON(parsing: bill), case .object(let fields) = document else { return nil }
        let isSPDX = document["spdxVersion"] != nil
        guard isSPDX || document["bomFormat"] != nil else { return nil }
        let kept = fields.map { field, value in (field, isSPDX ? spdx(field, value) : cycloneDX(field, value)) }
        return JSON.object(kept).bytes + [UInt8(ascii: "\n")]
    }

    private func spdx(_ field: String, _ value: JSON) -> JSON {
        func isKept(_ id: JSON?) -> Bool {
            guard let id = id?.string else { return false }
            return ["SPDXRef-image", "SPDXRef-DOCUMENT"].contains(id) || has(String(id.dropFirst("SPDXRef-".count)))
        }
        switch (field, value) {
        case ("name", _): return .string(name)
        case ("documentNamespace", .string(let address)): return .string("\(address)/\(name)")
        case ("packages", .array(let packages)):
            return .array(
                packages.filter { isKept($0["SPDXID"]) }.map {
                    $0["SPDXID"]?.string == "SPDXRef-image" ? $0.replacing("name", by: .string(name)) : $0
                })
        case ("relationships", .array(let all)):
            return .array(all.filter { isKept($0["spdxElementId"]) && isKept($0["relatedSpdxElement"]) })
        default: return value
        }
    }

    private func cycloneDX(_ field: String, _ value: JSON) -> JSON {
        func isKept(_ reference: JSON?) -> Bool { reference?.string.map { $0 == "image" || has($0) } ?? false }
        switch (field, value) {
        case ("serialNumber", .string(let number)): return .string("urn:uuid:\(uuid(number))")
        case ("metadata", _):
            guard let image = value["component"] else { return value }
            return value.replacing("component", by: image.replacing("name", by: .string(name)))
        case ("components", .array(let all)): return .array(all.filter { isKept($0["bom-ref"]) })
        case ("dependencies", .array(let all)):
            return .array(
                all.filter { isKept($0["ref"]) }.map { entry in
                    guard case .array(let needs)? = entry["dependsOn"] else { return entry }
                    return entry.replacing("dependsOn", by: .array(needs.filter { isKept($0) }))
                })
        default: return value
        }
    }

    /// Of the bill that it is a part of, and of what the part is called (RFC 9562, 5.8).
    private func uuid(_ whole: String) -> String { BillOfMaterials.uuid(of: Digest(of: "\(whole) \(name)".utf8)) }
}

extension JSON {
    /// This object with another value of the field `name`.
    fileprivate func replacing(_ name: String, by value: JSON) -> JSON {
        guard case .object(let fields) = self else { return self }
        return .object(fields.map { $0.0 == name ? (name, value) : $0 })
    }
}
