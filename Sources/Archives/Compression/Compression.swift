/// How the bytes of a file are compressed.
package enum Compression: String, Sendable, CaseIterable {
    case none, gzip, bzip2, xz, zstd

    /// What the end of a file's name says: "Packages.xz", "filelists.xml.gz", "data.tar.zst".
    package init(fileName: String) {
        self =
            if fileName.hasSuffix(".xz") {
                .xz
            } else if fileName.hasSuffix(".gz") {
                .gzip
            } else if fileName.hasSuffix(".bz2") {
                .bzip2
            } else if fileName.hasSuffix(".zst") {
                .zstd
            } else {
                .none
            }
    }

    /// What the first bytes of a file say (RFC 1952, RFC 8878, the .xz file format 1.2.0, bzip2(1)).
    package init(sniffing bytes: some Sequence<UInt8>) {
        let start = Array(bytes.prefix(6))
        self =
            if start == [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00] {
                .xz
            } else if start.starts(with: [0x1F, 0x8B]) {
                .gzip
            } else if start.starts(with: [0x42, 0x5A, 0x68]) {
                .bzip2
            } else if start.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
                .zstd
            } else {
                .none
            }
    }

    /// What is appended to a file's name: ".xz"; empty for `none`.
    package var suffix: String {
        switch self {
        case .none: ""
        case .gzip: ".gz"
        case .bzip2: ".bz2"
        case .xz: ".xz"
        case .zstd: ".zst"
        }
    }
}
