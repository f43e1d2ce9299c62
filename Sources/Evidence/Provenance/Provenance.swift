package import Locking
package import Primitives

/// How an image came to be: from what, by what, at whose wish (https://slsa.dev/spec/v1.0/provenance).
///
/// No clock is read, and nothing of the machine is in it: the same lock, sources and key give the same bytes.
package struct Provenance: Sendable {
    /// What a person decided: the choices of the declaration, by name.
    package let parameters: [(name: String, values: [String])]
    /// Files of the checkout and scripts of this program that went in.
    package let sources: [Resource]
    /// Signed states of archives, their indexes, and packages.
    package let lock: Lock
    /// Of the lock's own text.
    package let lockDigest: Digest
    /// The version of this program.
    package let toolVersion: String
    /// Fingerprint of the build host's key, which is what the build host is known by.
    package let fingerprint: String

    package init(
        parameters: [(name: String, values: [String])], sources: [Resource], lock: Lock, lockDigest: Digest,
        toolVersion: String, fingerprint: String
    ) {
        self.parameters = parameters
        self.sources = sources
        self.lock = lock
        self.lockDigest = lockDigest
        self.toolVersion = toolVersion
        self.fingerprint = fingerprint
    }

    /// What kind of predicate it is.
    package static let predicateType = "https://slsa.dev/provenance/v1"
    /// What kind of build: README.md describes its parameters.
    package static let buildType = "urn:kldload:iso:v1"

    /// Everything that went in, each once, in order.
    package var dependencies: [Resource] {
        var all = Set(sources)
        all.insert(Resource("deploy.lock", lockDigest))
        for distribution in lock.distributions {
            for snapshot in distribution.snapshots {
                all.insert(Resource("snapshot of \(snapshot.shown)", snapshot.digest))
            }
            for index in distribution.indexes {
                all.insert(Resource("index \(index.repository) \(index.path)", index.digest))
            }
            for package in distribution.packages {
                let url = PackageURL(
                    family: distribution.family, distribution: distribution.name, name: package.name,
                    version: package.version, architecture: package.architecture)
                all.insert(Resource(url.text, package.digest))
            }
        }
        return all.sorted()
    }

    /// What decides about it beside the lock and files of the checkout: parameters, scripts of this program, its version.
    package var choices: [UInt8] {
        let scripts = sources.filter { $0.name.hasPrefix("script of ") }.map { "\($0.name) \($0.digest.hex)" }
        let lines = parameters.map { "\($0.name) \($0.values)" } + scripts + [toolVersion]
        return Array(lines.map { "\($0)\n" }.joined().utf8)
    }

    /// The statement that `subjects` came to be so.
    package func statement(of subjects: [Resource]) -> Statement {
        let external = JSON.object(parameters.map { ($0.name, .array($0.values.map(JSON.string))) })
        let definition = JSON.object([
            ("buildType", .string(Self.buildType)), ("externalParameters", external),
            ("internalParameters", .object([("tool", .string("deploy \(toolVersion)"))])),
            ("resolvedDependencies", .array(dependencies.map(\.json))),
        ])
        let builder = JSON.object([
            ("id", .string("openpgp4fpr:\(fingerprint)")), ("version", .object([("deploy", .string(toolVersion))])),
        ])
        return Statement(
            of: subjects, predicateType: Self.predicateType,
            predicate: .object([
                ("buildDefinition", definition), ("runDetails", .object([("builder", builder)])),
            ]))
    }

    /// What a provenance, by anybody, says that went in. Nil where it does not say it, or something has no SHA-256.
    static func dependencies(in predicate: JSON) -> [Resource]? {
        guard case .array(let all)? = predicate["buildDefinition"]?["resolvedDependencies"] else { return nil }
        let resources = all.compactMap { Resource($0) }
        return resources.count == all.count ? resources : nil
    }
}
