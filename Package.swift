// swift-tools-version: 6.1
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let yaml = Target.Dependency.product(name: "Yams", package: "Yams")

/// A library of this package: it imports only what stands below it in the list of targets.
/// The scripts, in its folder `Scripts`, and the other files become part of it.
func layer(
    _ name: String, _ dependencies: [Target.Dependency], scripts: [String] = [], files: [String] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies + [system],
        resources: (scripts.map { "Scripts/\($0)" } + files).map { .embedInCode($0) }, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.target(name: name)] + dependencies + [system], exclude: exclude,
        swiftSettings: settings)
}

func library(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let package = Package(
    name: "deploy",
    products: [.executable(name: "deploy", targets: ["deploy"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .executableTarget(
            name: "deploy",
            dependencies: [
                "Pipeline", "Evidence", "Installation", "Machines", "Darksites", "Locking", "Declaration", "Packages",
                "RemoteCache", "BuildGraph", "ContentStore", "Primitives", arguments, system,
            ],
            resources: [.embedInCode("CommandLine/launcher.sh")], swiftSettings: settings),
        layer(
            "Pipeline",
            [
                "Evidence", "Installation", "Machines", "LiveImage", "Darksites", "Locking", "Declaration", "Packages",
                "APT", "RPM", "Solver",
                "Containers", "RemoteCache", "BuildGraph", "ContentStore", "Transfer", "Archives", "Primitives",
            ]),
        layer(
            "Evidence",
            [
                "LiveImage", "Darksites", "Locking", "Packages", "APT", "RPM", "Solver", "BuildGraph", "ContentStore",
                "Archives",
                "Primitives",
            ]),
        layer(
            "Installation", ["Machines", "LiveImage", "Archives", "Primitives"],
            scripts: ["answer-kinds.sh", "answers.sh", "judge-answers.sh", "smoke-tests.sh", "clone-tests.sh"]),
        layer("Machines", ["Primitives", subprocess], files: ["qemu.txt"]),
        layer(
            "LiveImage", ["BuildGraph", "ContentStore", "Archives", "Primitives"],
            scripts: [
                "pack-root.sh", "configure-root.sh", "live-root.sh", "zfs-module.sh", "make-squashfs.sh",
                "judge-live.sh",
                "make-efi.sh", "make-iso.sh", "make-medium.sh", "make-golden.sh", "image-formats.sh",
            ]),
        layer(
            "Darksites",
            [
                "Locking", "Declaration", "Packages", "APT", "RPM", "Solver", "BuildGraph", "ContentStore", "Transfer",
                "Archives", "Primitives",
            ],
            scripts: [
                "apt-main.sh", "judge-apt.sh", "judge-delta-apt.sh", "judge-delta-dnf.sh", "pack-root.sh", "plan.awk",
                "initramfs.sh",
                "install-profile.sh", "check-rpms.sh",
                "dnf-main.sh", "judge-dnf.sh",
                "install-profile-dnf.sh", "initramfs-dracut.sh",
            ]),
        layer("Locking", ["Declaration", "Packages", "RPM", "Primitives"]),
        layer("Declaration", ["Packages", "APT", "Primitives", yaml]),
        layer("Packages", ["APT", "RPM", "Primitives"]),
        layer("APT", ["Solver", "Archives", "Primitives"]),
        layer("RPM", ["Solver", "Archives", "Primitives", "CXML", yaml]),
        layer("Solver", []),
        layer("Containers", ["BuildGraph", "Primitives", subprocess]),
        layer("RemoteCache", ["BuildGraph", "ContentStore", "Archives", "Curl", "CCurl", "Primitives"]),
        layer("BuildGraph", ["ContentStore", "Primitives"]),
        layer("ContentStore", ["Primitives"]),
        layer("Transfer", ["Curl", "CCurl", "Primitives"]),
        layer("Curl", ["CCurl"]),
        layer("Archives", ["CArchive", "CLzma", "CZstd", "Primitives"]),
        layer("Primitives", ["CCrypto", subprocess]),
        library("CArchive", pkgConfig: "libarchive", apt: "libarchive-dev"),
        library("CLzma", pkgConfig: "liblzma", apt: "liblzma-dev"),
        library("CZstd", pkgConfig: "libzstd", apt: "libzstd-dev"),
        library("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
        library("CXML", pkgConfig: "libxml-2.0", apt: "libxml2-dev"),
        library("CCrypto", pkgConfig: "libcrypto", apt: "libssl-dev"),

        // What the performance figures need beside the tool itself; only Tests/bench/run builds it.
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "Pipeline", "Darksites", "Locking", "Declaration", "Packages", "APT", "RPM", "ContentStore", "Transfer",
                "Archives", "Primitives", "Solver", system,
            ],
            path: "Tests/bench/Benchmarks", swiftSettings: settings),

        tests("Primitives", []),
        tests("Archives", ["Primitives"]),
        tests("Transfer", ["Primitives"], exclude: ["misbehaving-mirror.py"]),
        tests("RemoteCache", ["BuildGraph", "ContentStore", "Primitives", subprocess]),
        tests("ContentStore", ["Primitives"]),
        tests("BuildGraph", ["ContentStore", "Primitives"]),
        tests("Containers", ["BuildGraph", "Primitives", subprocess]),
        tests("Machines", ["Primitives"], exclude: ["fake-qemu.py"]),
        tests("Installation", ["Machines", "Primitives", subprocess]),
        tests("Solver", ["Primitives"]),
        tests("APT", ["Solver", "Archives", "Primitives"]),
        .target(
            name: "MadeRepository", dependencies: ["RPM", "Solver", "Primitives"], path: "Tests/MadeRepository",
            swiftSettings: settings),
        tests("RPM", ["MadeRepository", "Solver", "Archives", "Primitives", subprocess]),
        .target(
            name: "MadeDeclaration", dependencies: ["Declaration", "Primitives", system], path: "Tests/MadeDeclaration",
            swiftSettings: settings),
        tests("Declaration", ["MadeDeclaration", "Packages", "Primitives"]),
        tests("Locking", ["MadeDeclaration", "Declaration", "Packages", "Primitives"]),
        tests(
            "Darksites",
            [
                "Locking", "Declaration", "Packages", "APT", "RPM", "MadeRepository", "ContentStore", "Solver",
                "Primitives",
            ]),
        tests(
            "Evidence",
            [
                "Darksites", "Locking", "Packages", "APT", "RPM", "BuildGraph", "ContentStore", "Archives",
                "Primitives",
                subprocess,
            ]),
        tests(
            "Pipeline",
            [
                "Evidence", "Machines",
                "MadeDeclaration", "Darksites", "Locking", "Declaration", "Packages", "LiveImage", "APT", "RPM",
                "Solver",
                "Archives", "BuildGraph", "ContentStore", "Containers", "Transfer", "Primitives",
            ]),
        tests(
            "deploy",
            [
                "Pipeline", "Installation", "Darksites", "Locking", "Declaration", "Packages", "BuildGraph",
                "ContentStore",
                "Primitives", arguments, subprocess,
            ]),
    ]
)

// libFuzzer brings a main function of its own: only Tests/fuzz/run, which sets this, can build it. Elsewhere the same files are
// tests, so that they stay with what they name.
let fuzzed: [Target.Dependency] = ["APT", "RPM", "Primitives", "Solver"]
if Context.environment["DEPLOY_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "Fuzz", dependencies: fuzzed, path: "Tests/fuzz/Fuzz", exclude: ["SeedTests.swift"],
            swiftSettings: settings))
} else {
    package.targets.append(
        .testTarget(name: "FuzzTests", dependencies: fuzzed, path: "Tests/fuzz/Fuzz", swiftSettings: settings))
}
