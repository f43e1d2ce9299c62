import Primitives
import Testing

@testable import RemoteCache

@Suite("An address says where a remote cache is") struct RemoteAddressTests {
    @Test(arguments: [
        ("grpc://127.0.0.1:8980", "http://127.0.0.1:8980", ""),
        ("grpcs://cache.example.org", "https://cache.example.org", ""),
        ("grpcs://[::1]:443/main/x", "https://[::1]:443", "main/x"), ("grpc://host/", "http://host", ""),
    ]) func itIsRead(text: String, url: String, instance: String) throws {
        let address = try RemoteAddress(text)
        #expect(address.url == url)
        #expect(address.instance == instance)
    }

    @Test(arguments: [
        "", "cache.example.org", "http://a", "grpc://", "grpc:///x", "grpc://a:0", "grpc://a:99999", "grpc://a:b",
        "grpc://a b",
        "grpc://user:secret@host", "grpc://host/a b", "grpc://host/a/", "grpc://host?x", "grpc://host\r\nx: y",
    ]) func whatIsNoneIsRefused(text: String) {
        let mistake = #expect(throws: Mistake.self) { try RemoteAddress(text) }
        #expect(mistake?.description.contains("secret") == false)
    }
}
