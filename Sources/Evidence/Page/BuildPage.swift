package import BuildGraph
package import Darksites
package import Primitives

/// The page about one build: all that it says, as values. The same values give the same bytes.
package struct BuildPage: Sendable {
    /// A fact with its name: "kernel", "6.12.118+deb13-amd64".
    package struct Fact: Hashable, Sendable {
        /// In a word or two.
        package let name: String
        /// For people.
        package let value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// What of the image is of what: a part, and the parts that it is made of.
    package struct Part: Hashable, Sendable {
        /// "debian", "server", "libc6".
        package let name: String
        /// That of its parts, where it has any.
        package let size: ByteCount
        /// Empty for what is not divided any further.
        package let parts: [Part]

        /// One that is not divided.
        package init(_ name: String, _ size: ByteCount) {
            self.name = name
            self.size = size
            parts = []
        }

        /// One that is made of `parts`, the largest first.
        package init(_ name: String, _ parts: [Part]) {
            self.name = name
            self.parts = parts.sorted { ($1.size, $0.name) < ($0.size, $1.name) }
            size = parts.reduce(.zero) { $0 + $1.size }
        }
    }

    /// What moved since an earlier image.
    package struct Moves: Sendable {
        /// The image before: its file's name.
        package let image: String
        /// Its size.
        package let size: ByteCount
        /// What its lock and this one's have that the other has not.
        package let comparison: LockComparison

        package init(image: String, size: ByteCount, comparison: LockComparison) {
            self.image = image
            self.size = size
            self.comparison = comparison
        }
    }

    /// A text that is shown when it is asked for: a log, a certificate.
    package struct Document: Hashable, Sendable {
        /// "debian: certificate"
        package let title: String
        /// The text, or the end of it.
        package let text: String
        /// Bytes that were left out before `text`.
        package let leftOut: ByteCount

        package init(title: String, text: String, leftOut: ByteCount = .zero) {
            self.title = title
            self.text = text
            self.leftOut = leftOut
        }
    }

    /// What ran, and when.
    package let build: BuildRecord
    /// What was made, beyond what the record says: kernel, archives, profiles.
    package let facts: [Fact]
    /// Where the bytes of the image go; nil without an image.
    package let contents: Part?
    /// What moved since the image before; nil where there was none.
    package let moves: Moves?
    /// The steps whose logs prove something.
    package let gates: Set<StepName>
    /// What was proven, in the words of those who proved it.
    package let certificates: [Document]
    /// What the steps said, as far as it is shown.
    package let logs: [StepName: Document]

    package init(
        build: BuildRecord, facts: [Fact], contents: Part?, moves: Moves?, gates: Set<StepName>,
        certificates: [Document], logs: [StepName: Document]
    ) {
        self.build = build
        self.facts = facts
        self.contents = contents
        self.moves = moves
        self.gates = gates
        self.certificates = certificates
        self.logs = logs
    }

    /// The page as one file: HTML with all it needs inside.
    package var html: String {
        let title = build.image?.name ?? "build \(build.number)"
        let sections = [head, proof, why, steps, graph, bytes, foot].joined("\n")
        let page: Markup = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(title)</title>
            <style>
            \(PageStyle.text)
            </style>
            </head>
            <body>
            <main>
            \(sections)
            </main>
            </body>
            </html>

            """
        return page.html
    }

    /// A section with its heading; nothing where there is nothing in it.
    static func section(_ id: Markup, _ title: Markup, _ aside: String = "", _ content: Markup) -> Markup {
        guard !content.html.isEmpty else { return "" }
        let note: Markup = aside.isEmpty ? "" : "<p class=\"aside\">\(aside)</p>"
        return "<section id=\"\(id)\">\n<h2>\(title)</h2>\n\(note)\n\(content)\n</section>"
    }

    /// A text that is folded away.
    static func folded(_ summary: Markup, _ document: Document, isOpen: Bool = false) -> Markup {
        let cut: Markup =
            document.leftOut > .zero
            ? "<p class=\"aside\">the end of it; \(document.leftOut.description) before that are left out here</p>" : ""
        let open: Markup = isOpen ? " open" : ""
        return "<details\(open)><summary>\(summary)</summary>\(cut)<pre>\(document.text)</pre></details>"
    }
}
