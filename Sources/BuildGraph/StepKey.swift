import ContentStore
package import Primitives

/// The name of a step's result: a SHA-256 over everything that can change it, and nothing else.
///
/// The bytes that are hashed are tagged and length-prefixed, so that no two different steps give the same bytes: each field
/// is a tag byte, its length as a 64-bit little-endian number, and its bytes; fields that have names come sorted by name.
package struct StepKey: Hashable, Sendable, CustomStringConvertible {
    /// Of the bytes described above.
    package let digest: Digest

    package init(digest: Digest) { self.digest = digest }

    /// The key of `step`, whose inputs have these digests, on this architecture ("amd64").
    package init(of step: Step, inputs: [String: Digest], architecture: String) {
        var bytes = Array("kldload step key 1\0".utf8)
        func field(_ tag: Character, _ value: some Collection<UInt8>) {
            bytes += String(tag).utf8
            withUnsafeBytes(of: UInt64(value.count).littleEndian) { bytes += $0 }
            bytes += value
        }
        field("A", architecture.utf8)
        switch step.action {
        case .container(let image, let script, let arguments, let environment):
            switch image {
            case .input(let name): field("i", name.utf8)
            case .registry(let reference): field("r", reference.utf8)
            }
            field("s", script)
            for argument in arguments { field("a", argument.utf8) }
            for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
                field("e", name.utf8)
                field("v", value.utf8)
            }
        case .native(let identifier, let version, _):
            field("n", identifier.utf8)
            field("V", String(version).utf8)
        }
        for (name, digest) in inputs.sorted(by: { $0.key < $1.key }) {
            field("I", name.utf8)
            field("D", digest.bytes)
        }
        for (name, kind) in step.outputs.sorted(by: { $0.key < $1.key }) {
            field("O", name.utf8)
            field("K", kind.rawValue.utf8)
        }
        digest = Digest(of: bytes)
    }

    package var description: String { digest.hex }
}
