import APT
import Archives
import Darksites
import Packages
import Primitives
import RPM
import Solver

/// A mirror that lies on an image, read by its own indexes alone.
struct CarriedMirror {
    /// A package that its indexes list.
    struct Package: Hashable {
        let name: String
        let version: String
        let architecture: String
        let digest: Digest
        /// Of the file, on the image.
        let path: String
    }

    /// What the file `distribution` beside it says.
    let facts: CarriedFacts
    /// Where it lies: "darksite/debian/apt".
    let folder: String
    /// What its indexes list.
    let packages: [Package]
    /// The same, to solve with.
    let universe: any CatalogPackages
    /// What is wrong in it: files that are not what an index says, or that no index lists.
    let findings: [ImageReport.Finding]
    /// The files whose signature vouches for all others, each with that of its signature.
    let signed: [(file: String, signature: String)]

    /// Beside the indexes, what lies in a mirror of ours.
    private static let certificate = DarksiteRecipe.fileName

    /// Reads the mirror of the distribution that `facts` are of.
    ///
    /// - Throws: `EvidenceError`, and what readers of indexes throw where one can't be read.
    init(_ facts: CarriedFacts, on image: ImageContent, digests: [String: ImageContent.Read]) throws {
        self.facts = facts
        folder = DarksitePlace(facts.name).mirror(facts.family)
        var audit = MirrorAudit(folder: folder, image: image, digests: digests)
        switch facts.family {
        case .apt:
            let table = try audit.readAPT(codename: facts.codename, architecture: facts.architecture)
            universe = DebianUniverse(table)
        case .rpm:
            var policy = RPMPolicy(architecture: facts.architecture)
            // The list of a profile has everything by its architecture.
            policy.keepsArchitecturesInStep = false
            universe = RPMUniverse(try audit.readRPM(), rules: policy)
        }
        var signed = audit.signed
        if image.has("\(folder)/\(Self.certificate)") {
            let certificate = (
                file: "\(folder)/\(Self.certificate)", signature: "\(folder)/\(DarksiteRecipe.signatureName)"
            )
            audit.listed.formUnion([certificate.file, certificate.signature])
            signed.append(certificate)
        }
        audit.findStrangers()
        self.signed = signed
        packages = audit.packages
        findings = audit.findings
    }
}

/// `darksite/NAME/distribution`: what the image says of a distribution that it carries.
struct CarriedFacts {
    /// "debian"
    let name: String
    let family: PackageFamily
    /// "trixie"
    let codename: String
    /// The native one, in the words of the family.
    let architecture: String
    /// Those that the image carries.
    let profiles: [String]

    /// Throws `EvidenceError` where a line is missing.
    init(_ name: String, _ bytes: [UInt8]) throws(EvidenceError) {
        var values: [Substring: Substring] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            values[line[..<equals]] = line[line.index(after: equals)...]
        }
        func value(_ key: Substring) throws(EvidenceError) -> String {
            guard let value = values[key] else {
                throw EvidenceError("\(DarksitePlace(name).facts) does not say \(key)")
            }
            return String(value)
        }
        self.name = name
        let word = try value("FAMILY")
        guard let known = PackageFamily(rawValue: word) else {
            throw EvidenceError("\(DarksitePlace(name).facts) is of packages that nobody knows here: \(word)")
        }
        family = known
        codename = try value("CODENAME")
        architecture = try value("ARCHITECTURE")
        profiles = try value("PROFILES").split(separator: " ").map(String.init)
    }
}
