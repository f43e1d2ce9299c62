import Testing

@testable import RemoteCache

@Suite("Messages are written as others read them, and read as others write them") struct ProtobufTests {
    @Test func aDirectoryHasTheBytesThatEverybodyHashes() {
        var directory = DirectoryMessage()
        #expect(directory.encoded == [])
        directory.symlinks = [SymlinkNodeMessage("a", target: "b")]
        #expect(directory.encoded == [0x1A, 6, 0x0A, 1, 0x61, 0x12, 1, 0x62])
        var digest = DigestMessage()
        (digest.hash, digest.size) = ("ab", 300)
        directory.files = [FileNodeMessage("x", digest, isExecutable: true)]
        #expect(
            directory.encoded == [0x0A, 14, 0x0A, 1, 0x78, 0x12, 7, 0x0A, 2, 0x61, 0x62, 0x10, 0xAC, 2, 0x20, 1]
                + [0x1A, 6, 0x0A, 1, 0x61, 0x12, 1, 0x62])
    }

    @Test func whatIsWrittenIsRead() throws {
        var result = ActionResultMessage()
        result.files = [OutputFileMessage()]
        result.files[0].path = "out/a"
        result.files[0].contents = Array(0...255)
        result.directories = [
            OutputDirectoryMessage("out/b", tree: DigestMessage(of: [1]), root: DigestMessage(of: []))
        ]
        result.symlinks = [SymlinkNodeMessage("out/c", target: "a")]
        result.exitCode = -1
        result.stdoutRaw = [0, 1]
        result.stderr = DigestMessage(of: [2])
        #expect(try ActionResultMessage(encoded: result.encoded) == result)
        var capabilities = CapabilitiesMessage()
        (capabilities.digestFunctions, capabilities.mayUpdateResults, capabilities.executes) = ([1, 2], true, true)
        (capabilities.mostBatchBytes, capabilities.compressors) = (1 << 40, [1, 2])
        #expect(try CapabilitiesMessage(encoded: capabilities.encoded) == capabilities)
    }

    @Test func unknownFieldsArePassedOver() throws {
        // A varint, a fixed64, a message and a fixed32 with the numbers 13 to 16.
        let strange: [UInt8] =
            [0x68, 0xFF, 1, 0x71, 1, 2, 3, 4, 5, 6, 7, 8, 0x7A, 2, 9, 9, 0x85, 1, 1, 2, 3, 4]
        #expect(try DigestMessage(encoded: strange + DigestMessage(of: []).encoded) == DigestMessage(of: []))
    }

    @Test func damagedMessagesAreRefused() throws {
        let good = ActionResultMessage.with(3).encoded
        for length in 1..<good.count {
            // Some cuts leave whole fields: those are messages, too.
            _ = try? ActionResultMessage(encoded: good.prefix(length))
        }
        #expect(throws: ProtobufError.self) { try DigestMessage(encoded: [0x0A, 5, 1]) }
        #expect(throws: ProtobufError.self) { try DigestMessage(encoded: [0x0B]) }
        #expect(throws: ProtobufError.self) { try DigestMessage(encoded: [0x10] + Array(repeating: 0xFF, count: 11)) }
        #expect(throws: ProtobufError.self) { try DigestMessage(encoded: [0x00, 1]) }
        #expect(throws: ProtobufError.self) {
            try DigestMessage(encoded: [0x0A] + Array(repeating: 0xFF, count: 9) + [1])
        }
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0..<3 { bytes[Int.random(in: bytes.indices, using: &generator)] = .random(in: 0...255) }
            _ = try? ActionResultMessage(encoded: bytes)
        }
    }
}

extension ActionResultMessage {
    static func with(_ files: Int) -> ActionResultMessage {
        var result = ActionResultMessage()
        result.files = (0..<files).map { number in
            var file = OutputFileMessage()
            (file.path, file.digest) = ("out/\(number)", DigestMessage(of: [UInt8(number)]))
            return file
        }
        return result
    }
}

@Suite("Messages of an answer come in pieces of any size") struct CallBufferTests {
    @Test(arguments: [1, 2, 3, 5, 7, 64, 10_000]) func eachMessageComesOutWhole(size: Int) throws {
        let messages: [[UInt8]] = [[], [1], Array(repeating: 2, count: 300), [], Array(0...255)]
        let stream = messages.flatMap { CallBuffer.head($0.count) + $0 }
        var buffer = CallBuffer()
        var found: [[UInt8]] = []
        for start in stride(from: 0, to: stream.count, by: size) {
            try Array(stream[start..<min(start + size, stream.count)]).withUnsafeBytes { piece in
                try buffer.append(piece) { found.append(Array($0)) }
            }
        }
        #expect(found == messages)
        #expect(buffer.isEmpty)
    }

    @Test func whatIsNoMessageIsRefused() {
        for head: [UInt8] in [[1, 0, 0, 0, 1], [0, 0xFF, 0, 0, 0]] {
            var buffer = CallBuffer()
            #expect(throws: CallFailure.self) { try head.withUnsafeBytes { try buffer.append($0) { _ in } } }
        }
    }
}
