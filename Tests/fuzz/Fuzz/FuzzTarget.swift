#if canImport(Glibc)
private import Glibc
#endif

/// What is fed with made up bytes; the environment variable FUZZ_TARGET names one.
///
/// A target stops the process where something is not as it should be. libFuzzer reports that with the input; the same is a
/// crash, and an input that takes too long.
enum FuzzTarget: String, CaseIterable {
    /// The deb822 reader: an index of packages, with everything that is asked of one.
    case index
    /// The parser of relation fields.
    case relations
    /// The comparison of versions, now and then against dpkg.
    case versions
    /// The same of RPM: an index of packages, the other files of a repository, relations and versions.
    case rpmPrimary = "rpm-primary"
    case rpmMetadata = "rpm-metadata"
    case rpmRelations = "rpm-relations"
    case rpmVersions = "rpm-versions"

    static let chosen = getenv("FUZZ_TARGET").flatMap { FuzzTarget(rawValue: String(cString: $0)) }

    func run(_ input: UnsafeRawBufferPointer) {
        switch self {
        case .index: IndexTarget.run(input)
        case .relations: RelationTarget.run(input)
        case .versions: VersionTarget.run(input)
        case .rpmPrimary: PrimaryTarget.run(input)
        case .rpmMetadata: MetadataTarget.run(input)
        case .rpmRelations: RichRelationTarget.run(input)
        case .rpmVersions: RPMVersionTarget.run(input)
        }
    }
}

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let target = FuzzTarget.chosen else {
        say("FUZZ_TARGET names no target")
        exit(2)
    }
    target.run(UnsafeRawBufferPointer(start: bytes, count: count))
    return 0
}

/// Ends the process with what is not as it should be.
func disagree(_ what: String) -> Never {
    say("disagreement: \(what)")
    abort()
}

private func say(_ line: String) {
    let text = Array((line + "\n").utf8)
    _ = write(2, text, text.count)
}

func require(_ condition: Bool, _ what: @autoclosure () -> String) {
    if !condition { disagree(what()) }
}
