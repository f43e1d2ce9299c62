import Testing

@testable import Darksites

@Suite struct MirrorListsTests {
    @Test(arguments: [
        ("https://mirrors.example.org/x", true), ("HTTPS://mirrors.example.org/x", true),
        ("http://mirrors.example.org/", false),
        ("http://127.0.0.1:8080/x", true), ("http://[::1]:8080/x", true), ("http://localhost/x", true),
        ("http://localhost.example.org/x", false), ("http://127.0.0.1@example.org/x", false),
        ("http://127.0.0.1.example.org/x", false), ("http://[::1].example.org/", false), ("http://[::2]/", false),
        ("file:///srv/x", true),
        ("ftp://127.0.0.1/x", false), ("", false),
    ])
    func aListVouchesOnlyWhereNobodyCanChangeItOnTheWay(url: String, isSecure: Bool) {
        #expect(MirrorLists.isSecure(url) == isSecure)
    }

    @Test(arguments: [
        (["https://a.example.org/m"], true), (["https://a.example.org/m", "https://b.example.org/m"], true),
        (["https://a.example.org/m", "http://b.example.org/m"], false),
        // The last one is over https again, and was chosen by whoever answered in the clear.
        (["https://a.example.org/m", "http://b.example.org/m", "https://c.example.org/m"], false),
        (["http://a.example.org/m", "https://a.example.org/m"], false), ([], false),
    ])
    func oneRedirectInTheClearVouchesForNothing(addresses: [String], vouches: Bool) {
        #expect(MirrorLists.vouch(addresses) == vouches)
    }
}
