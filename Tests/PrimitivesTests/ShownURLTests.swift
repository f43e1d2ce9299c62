import Primitives
import Testing

@Suite struct ShownURLTests {
    @Test(arguments: [
        ("http://bob:s3cr3t@host/x", "http://…@host/x"),
        ("http://bob@host", "http://…@host"),
        ("at https://a:b@h/x and http://c:d@h:8080/y?z#f.", "at https://…@h/x and http://…@h:8080/y?z#f."),
        ("http://bob:p@ss@host/x", "http://…@host/x"),
        ("http://bob:p/a#s?s@host/x", "http://…@host/x"),
        ("{\"url\":\"http://bob:s3cr3t@host/x\",\"next\":\"@\"}", "{\"url\":\"http://…@host/x\",\"next\":\"@\"}"),
        (
            "https://h/x?repo=a&X-Amz-Signature=abc&access_token=1&arch=b",
            "https://h/x?repo=a&X-Amz-Signature=…&access_token=…&arch=b"
        ),
        ("socks5h://u:p@proxy:1080", "socks5h://…@proxy:1080"),
    ])
    func namesAndPasswordsAreNotShown(text: String, shown: String) { #expect(text.withoutCredentials == shown) }

    @Test(arguments: [
        "nothing", "http://host/a@b", "http://host:80/a@b", "http://[::1]:80/a@b", "://", "a://", "ü://ä/ö",
        "mail a@b.example",
        "https://mirrors.example/metalink?repo=epel-9&arch=x86_64", "file:///srv/a@b",
    ])
    func everythingElseStaysAsItIs(text: String) { #expect(text.withoutCredentials == text) }
}
