import Primitives
import SystemPackage
import Testing

@testable import Declaration

#if canImport(Glibc)
import Glibc
#endif

/// The files this repository ships.
@Suite struct RepositoryDeclarationTests {
    /// The root of the checkout, four parts above this file.
    private var root: FilePath {
        get throws {
            let resolved = try #require(realpath(#filePath, nil))
            defer { free(resolved) }
            var path = FilePath(platformString: resolved)
            for _ in 0..<3 { path.removeLastComponent() }
            return path
        }
    }

    @Test func declarationAndAllItsPackageSetsAreWithoutErrors() throws {
        let root = try root
        let text = try Files.readText(root.appending("deploy.yaml"))
        let declaration = try Declaration.parse(text, file: "deploy.yaml", folder: root) { _ in true }
        #expect(declaration.distributionsInUse == ["debian"], "a build as it stands needs no other archive")
        #expect(declaration.distributions.map(\.name) == ["debian", "ubuntu", "centos", "rocky", "fedora", "rhel"])
        for distribution in declaration.distributions {
            let all = declaration.profiles(of: distribution, usingRPM: true) + distribution.profiles
            let unions = try PackageSetLoader(folder: declaration.packageSets).load(
                all, distribution: distribution.name, family: distribution.family,
                architecture: distribution.architecture)
            #expect(Set(unions.keys) == Set(all.map(\.name)))
            for (name, union) in unions { #expect(!union.wanted.isEmpty, "\(name) wants nothing") }
        }
    }
}
