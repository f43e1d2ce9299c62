package import ContentStore
import Primitives
package import SystemPackage

/// What a native step may read and where it may write.
package struct StepContext: Sendable {
    /// Where its inputs are, and its outputs belong.
    package let store: any ArtifactStore
    /// Its inputs, whose bytes are on this host and have been checked.
    package let inputs: [String: Artifact]
    /// A folder of its own in the store's work area, with nothing in it but what `path` lays out; removed when the step has ended.
    package let workFolder: FilePath
    /// Lines for whoever looks into the run; a failure says where they are.
    package let log: StepLog
    /// Says how far it is.
    package let report: @Sendable (StepProgress) -> Void

    /// An input. Throws `GraphError` where the step has none of that name.
    package func artifact(_ input: String) throws(GraphError) -> Artifact {
        guard let artifact = inputs[input] else { throw GraphError(what: "the step has no input called \(input)") }
        return artifact
    }

    /// The bytes of an input that is a file.
    package func bytes(_ input: String) async throws -> [UInt8] { try await store.bytes(of: artifact(input).blob) }

    /// An input that is a folder.
    package func tree(_ input: String) async throws -> FileTree { try await store.tree(artifact(input).blob) }

    /// An input as a real file or folder, for code that can't do without a path; it must not be written to.
    package func path(_ input: String) async throws -> FilePath {
        let path = workFolder.appending("in").pushing(FilePath(input))
        try await store.materialize(artifact(input), at: path)
        return path
    }

    /// Stores a file in the work folder as an output.
    package func output(file path: FilePath) async throws -> Artifact {
        Artifact(file: try await store.insert(file: path))
    }

    /// Stores bytes as an output.
    package func output(bytes: [UInt8]) async throws -> Artifact { Artifact(file: try await store.insert(bytes)) }

    /// Stores a tree, whose files are in the store, as an output.
    package func output(tree: FileTree) async throws -> Artifact { try await store.insert(tree) }
}

/// The log of one run of one step: a file that is made when the first line is written.
package struct StepLog: Sendable {
    /// Where the log is, or will be: no file is there before the first line.
    package let path: FilePath

    package init(path: FilePath) { self.path = path }

    /// Appends `line`. A log that can't be written must not fail the build that it tells of: the error is dropped.
    package func write(_ line: String) {
        let options: FileDescriptor.OpenOptions = [.create, .append, .closeOnExec]
        guard
            let descriptor = try? FileDescriptor.open(
                path, .writeOnly, options: options, permissions: [.ownerReadWrite, .groupRead, .otherRead])
        else { return }
        _ = try? descriptor.closeAfter { try descriptor.writeAll((line + "\n").utf8) }
    }

    /// The last `count` lines that are not empty, looked for in the last 64 KiB, as a person at a terminal would see
    /// them: a line that was overwritten after a carriage return is what it was last.
    package func tail(_ count: Int) -> [String] {
        let room: Int64 = 65_536
        guard let descriptor = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else { return [] }
        let bytes = try? descriptor.closeAfter {
            let size = try descriptor.seek(offset: 0, from: .end)
            try descriptor.seek(offset: max(size - room, 0), from: .start)
            var bytes: [UInt8] = []
            while bytes.count < room {
                let piece = try [UInt8](unsafeUninitializedCapacity: Int(room)) { buffer, count in
                    count = try descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
                }
                if piece.isEmpty { break }
                bytes += piece
            }
            return bytes
        }
        return (bytes ?? []).split(separator: 0x0A).compactMap { line in
            let visible = line.split(separator: 0x0D).last ?? []
            return visible.isEmpty ? nil : String(decoding: visible, as: UTF8.self).withoutControlCharacters
        }.suffix(count)
    }
}

extension String {
    /// The text with what would move a terminal's cursor or change its colours taken out; a tab is a space.
    ///
    /// The sequences are those of ECMA-48, 5.4: ESC, then `[`, parameters, and one byte from `@` to `~`.
    package var withoutControlCharacters: String {
        var result = ""
        var scalars = unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            switch scalar.value {
            case 0x1B where scalars.first == "[":
                scalars.removeFirst()
                while let next = scalars.popFirst(), !(0x40...0x7E).contains(next.value) { continue }
            case 0x09: result += " "
            case ..<0x20, 0x7F..<0xA0: continue
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
