/// Names of licences: identifiers of SPDX (https://spdx.org/licenses/), as far as packages are known to use them.
enum SPDXLicences {
    /// Identifiers.
    static let all: Set<String> = [
        "0BSD", "AFL-2.1", "AFL-3.0", "AGPL-3.0-only", "AGPL-3.0-or-later", "Apache-1.0", "Apache-1.1",
        "Apache-2.0", "APSL-2.0", "Artistic-1.0", "Artistic-1.0-Perl", "Artistic-2.0", "Beerware", "BSD-1-Clause",
        "BSD-2-Clause", "BSD-3-Clause", "BSD-4-Clause", "BSD-4-Clause-UC", "BSL-1.0", "bzip2-1.0.6", "CC-BY-3.0",
        "CC-BY-4.0", "CC-BY-SA-2.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC0-1.0", "CDDL-1.0", "CDDL-1.1", "CPL-1.0",
        "curl", "EPL-1.0", "EPL-2.0", "EUPL-1.2", "FSFAP", "FSFUL", "FSFULLR", "FTL", "GFDL-1.1-or-later",
        "GFDL-1.2-only", "GFDL-1.2-or-later", "GFDL-1.3-only", "GFDL-1.3-or-later", "GPL-1.0-only",
        "GPL-1.0-or-later", "GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only", "GPL-3.0-or-later", "HPND", "ICU",
        "IJG", "Info-ZIP", "IPL-1.0", "ISC", "LGPL-2.0-only", "LGPL-2.0-or-later", "LGPL-2.1-only",
        "LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later", "Libpng", "libtiff", "LPPL-1.3c", "MIT",
        "MIT-0", "MIT-CMU", "MPL-1.0", "MPL-1.1", "MPL-2.0", "NCSA", "NTP", "OFL-1.0", "OFL-1.1", "OLDAP-2.8",
        "OpenSSL", "PHP-3.01", "PostgreSQL", "PSF-2.0", "Python-2.0", "QPL-1.0", "Ruby", "SGI-B-2.0", "SISSL",
        "Sleepycat", "SMLNJ", "TCL", "TCP-wrappers", "Unicode-3.0", "Unicode-DFS-2016", "Unlicense", "UPL-1.0",
        "Vim", "W3C", "WTFPL", "X11", "Zlib", "zlib-acknowledgement", "ZPL-2.0", "ZPL-2.1",
    ]

    /// The short names of debian/copyright, in lower case, that mean another spelling of one of them. What the specification of the
    /// format leaves open ("BSD", "GPL", "MIT/X11") is not among them.
    private static let spelledOtherwise: [String: String] = [
        "agpl-3": "AGPL-3.0-only", "agpl-3+": "AGPL-3.0-or-later", "apache-2": "Apache-2.0",
        "artistic": "Artistic-1.0", "bsl-1": "BSL-1.0", "cc0": "CC0-1.0", "expat": "MIT",
        "gfdl-1.1+": "GFDL-1.1-or-later", "gfdl-1.2": "GFDL-1.2-only", "gfdl-1.2+": "GFDL-1.2-or-later",
        "gfdl-1.3": "GFDL-1.3-only", "gfdl-1.3+": "GFDL-1.3-or-later", "gpl-1": "GPL-1.0-only",
        "gpl-1+": "GPL-1.0-or-later", "gpl-1.0": "GPL-1.0-only", "gpl-1.0+": "GPL-1.0-or-later",
        "gpl-2": "GPL-2.0-only", "gpl-2+": "GPL-2.0-or-later", "gpl-2.0": "GPL-2.0-only",
        "gpl-2.0+": "GPL-2.0-or-later", "gpl-3": "GPL-3.0-only", "gpl-3+": "GPL-3.0-or-later",
        "gpl-3.0": "GPL-3.0-only", "gpl-3.0+": "GPL-3.0-or-later", "lgpl-2": "LGPL-2.0-only",
        "lgpl-2+": "LGPL-2.0-or-later", "lgpl-2.0": "LGPL-2.0-only", "lgpl-2.0+": "LGPL-2.0-or-later",
        "lgpl-2.1": "LGPL-2.1-only", "lgpl-2.1+": "LGPL-2.1-or-later", "lgpl-3": "LGPL-3.0-only",
        "lgpl-3+": "LGPL-3.0-or-later", "lgpl-3.0": "LGPL-3.0-only", "lgpl-3.0+": "LGPL-3.0-or-later",
        "mpl-2": "MPL-2.0", "psf-2": "PSF-2.0",
    ]

    /// The short names of debian/copyright, in lower case.
    static let debian: [String: String] = Dictionary(all.map { ($0.lowercased(), $0) }) { first, _ in first }
        .merging(spelledOtherwise) { $1 }
}
