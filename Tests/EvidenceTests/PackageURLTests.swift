import Packages
import Testing

@testable import Evidence

/// Names as https://github.com/package-url/purl-spec has them.
@Suite struct PackageURLTests {
    @Test func debianVersionsKeepTheirEpoch() {
        let url = PackageURL(
            family: .apt, distribution: "debian", name: "libstdc++6", version: "1:14.2.0-19+deb13u1~x",
            architecture: "amd64", release: "trixie")
        #expect(url.text == "pkg:deb/debian/libstdc%2B%2B6@1:14.2.0-19%2Bdeb13u1~x?arch=amd64&distro=trixie")
        #expect(
            PackageURL.withoutRelease(url.text)
                == "pkg:deb/debian/libstdc%2B%2B6@1:14.2.0-19%2Bdeb13u1~x?arch=amd64")
    }

    @Test func theEpochOfAnRPMIsAQualifier() {
        let url = PackageURL(
            family: .rpm, distribution: "fedora", name: "nginx", version: "2:1.20.1-20.el9", architecture: "x86_64",
            release: "fedora-41")
        #expect(url.text == "pkg:rpm/fedora/nginx@1.20.1-20.el9?arch=x86_64&distro=fedora-41&epoch=2")
        #expect(
            PackageURL.withoutRelease(url.text) == "pkg:rpm/fedora/nginx@1.20.1-20.el9?arch=x86_64&epoch=2")
    }
}
