import Primitives
import Testing

@testable import Evidence

/// Envelopes are those of DSSE, byte for byte, and what is no envelope is refused.
@Suite struct EnvelopeTests {
    /// The example of the specification (protocol.md, "Test Vectors"), with the type that ours have.
    @Test func whatIsSignedHasItsTypeAndItsLengthsInFront() {
        let signed = Envelope.signedBytes(Array("hello world".utf8))
        #expect(String(decoding: signed, as: UTF8.self) == "DSSEv1 28 application/vnd.in-toto+json 11 hello world")
    }

    @Test func anEnvelopeIsReadAsItWasWritten() throws {
        let envelope = Envelope(
            payload: Array("{\"a\":1}".utf8), signatures: [Envelope.Signature(keyID: "EA71", bytes: [0, 255, 1])])
        let line = envelope.line
        #expect(line.filter { $0 == 0x0A }.count == 1 && line.last == 0x0A)
        #expect(try Envelope.all(in: line + line, called: "x") == [envelope, envelope])
    }

    @Test(arguments: ["{}", "nothing", "{\"payloadType\":\"text/plain\",\"payload\":\"\",\"signatures\":[]}"])
    func anythingElseIsRefused(line: String) {
        #expect(throws: EvidenceError.self) { try Envelope.all(in: Array(line.utf8), called: "x") }
    }

    @Test func aStatementKeepsWhatItSays() throws {
        let subject = Resource("kldload.iso", Digest(of: [1]))
        let statement = Statement(
            of: [subject], predicateType: Provenance.predicateType, predicate: .object([("a", .string("b"))]))
        let read = try Statement(reading: statement.bytes, from: "x")
        #expect(read.subjects == [subject])
        #expect(read.predicate["a"]?.string == "b")
        #expect(throws: EvidenceError.self) { try Statement(reading: Array("{}".utf8), from: "x") }
    }
}
