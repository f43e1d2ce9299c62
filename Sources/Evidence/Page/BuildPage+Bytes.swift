import BuildGraph
import Primitives

extension BuildPage {
    /// Where the bytes of the image go: a picture, and the same as a table.
    var bytes: Markup {
        guard let contents, contents.size > .zero else { return "" }
        let table = contents.parts.map { part(table: $0) }
        return Self.section(
            "bytes", "Where its bytes go",
            "\(contents.size) in all. An area is its share; small packages of a set are drawn as one.",
            """
            <div class="wide">\(PartMap(contents, width: 1120, height: 640).markup)</div>
            <div class="narrow">\(PartMap(contents, width: 360, height: 520).markup)</div>
            <div class="folds">\(table.joined("\n"))</div>
            """)
    }

    private func part(table part: Part) -> Markup {
        let share = contents.map { Double(part.size.bytes) / Double(max($0.size.bytes, 1)) * 100 } ?? 0
        let line: Markup =
            "<span class=\"name\">\(part.name)</span><span class=\"said\">\(Self.count(part, in: part))</span><span class=\"when num\">\(part.size.description) · \(share) %</span>"
        guard !part.parts.isEmpty else { return "<div class=\"row\">\(line)</div>" }
        let inside = part.parts.map { inner -> Markup in
            guard !inner.parts.isEmpty else {
                return
                    "<div class=\"row\"><span class=\"name\">\(inner.name)</span><span class=\"when num\">\(inner.size.description)</span></div>"
            }
            let list = inner.parts.map {
                "<li>\($0.name) <span class=\"num\">\($0.size.description)</span></li>" as Markup
            }
            return
                "<details><summary class=\"row\"><span class=\"name\">\(inner.name)</span><span class=\"said\">\(Self.count(inner, in: part))</span><span class=\"when num\">\(inner.size.description)</span></summary><ul class=\"packages\">\(list.joined())</ul></details>"
        }
        return
            "<details><summary class=\"row\">\(line)</summary><div class=\"inside\">\(inside.joined("\n"))</div></details>"
    }

    /// "302 packages", "3 parts"; `outer` is the part of the image that it is in, or is.
    private static func count(_ part: Part, in outer: Part) -> String {
        guard outer.name.hasSuffix(" packages") else {
            return part.parts.isEmpty ? "" : part.parts.count.counted("part")
        }
        let sets = part.parts.contains { !$0.parts.isEmpty } ? part.parts : [part]
        return sets.reduce(0) { $0 + $1.parts.count }.counted("package")
    }
}

/// The tree map of an image, drawn in SVG in a box of this many units.
struct PartMap {
    private let root: BuildPage.Part
    private let box: Box
    /// What is smaller than this many square units is drawn together with its like.
    private static let least = 120.0
    private static let head = (outer: 23.0, inner: 18.0)

    init(_ root: BuildPage.Part, width: Double, height: Double) {
        self.root = root
        box = Box(x: 0, y: 0, width: width, height: height)
    }

    var markup: Markup {
        let groups = zip(root.parts, pieces(root.parts, in: box))
        let drawn = groups.enumerated().map { number, group in
            self.group(group.0, in: group.1.inset(left: 1.5, top: 1.5, right: 1.5, bottom: 1.5), colour: number)
        }
        return """
            <svg viewBox="0 0 \(box.width) \(box.height)" class="map" role="img" aria-label="the parts of the image by their sizes">
            \(drawn.joined("\n"))
            </svg>
            """
    }

    private func pieces(_ parts: [BuildPage.Part], in box: Box) -> [Box] {
        TreeMap.pieces(of: box, among: parts.map { Double($0.size.bytes) })
    }

    /// A part of the image as a whole: a distribution, the live system.
    private func group(_ part: BuildPage.Part, in box: Box, colour: Int) -> Markup {
        let hue: Markup = "c\(colour % 6)"
        let title = "\(part.name): \(part.size), \(share(part))"
        var drawn: Markup =
            "<g class=\"\(hue)\"><rect class=\"group\" \(Self.place(box))><title>\(title)</title></rect>"
        let hasHead = box.height > 60 && box.width > 60
        if let label = Label(
            "\(part.name)  \(part.size)", else: part.name, in: box, size: 14, baseline: hasHead ? 16 : nil)
        {
            drawn += label.markup("head")
        }
        if part.parts.isEmpty || !hasHead { return drawn + "</g>" }
        let inside = box.inset(left: 3, top: Self.head.outer, right: 3, bottom: 3)
        for (inner, place) in zip(part.parts, pieces(part.parts, in: inside)) {
            drawn += self.inner(inner, of: part, in: place.inset(right: 1, bottom: 1))
        }
        return drawn + "</g>"
    }

    /// A part of a part: a set of packages, a system.
    private func inner(_ part: BuildPage.Part, of outer: BuildPage.Part, in box: Box) -> Markup {
        guard box.area >= 16 else { return "" }
        let title = "\(outer.name), \(part.name): \(part.size), \(share(part))"
        var drawn: Markup = "<rect class=\"set\" \(Self.place(box))><title>\(title)</title></rect>"
        let hasHead = !part.parts.isEmpty && box.height > 44 && box.width > 48
        if let label = Label(
            "\(part.name)  \(part.size)", else: part.name, in: box, size: 12.5,
            baseline: hasHead ? 13 : nil)
        {
            drawn += label.markup(part.parts.isEmpty || hasHead ? "strong" : "")
        }
        guard hasHead else { return drawn }
        return drawn + leaves(part, in: box.inset(left: 2, top: Self.head.inner, right: 2, bottom: 2))
    }

    private func leaves(_ part: BuildPage.Part, in box: Box) -> Markup {
        let scale = box.area / Double(max(part.size.bytes, 1))
        let large = part.parts.filter { Double($0.size.bytes) * scale >= Self.least }
        let small = part.parts.dropFirst(large.count)
        var parts = large
        let rest = small.reduce(ByteCount.zero) { $0 + $1.size }
        if rest > .zero {
            let place = parts.firstIndex { $0.size < rest } ?? parts.count
            parts.insert(BuildPage.Part("\(small.count) more", rest), at: place)
        }
        return zip(parts, pieces(parts, in: box)).map { leaf, place in
            let tile = place.inset(right: 0.8, bottom: 0.8)
            let label = Label(leaf.name, else: nil, in: tile, size: 12, baseline: nil)?.markup("") ?? ""
            return
                "<rect class=\"leaf\" \(Self.place(tile))><title>\(leaf.name): \(leaf.size.description)</title></rect>\(label)"
        }.joined()
    }

    private func share(_ part: BuildPage.Part) -> String {
        let tenths = Int((Double(part.size.bytes) / Double(max(root.size.bytes, 1)) * 1000).rounded())
        return "\(tenths / 10).\(tenths % 10) % of the image"
    }

    private static func place(_ box: Box) -> Markup {
        "x=\"\(box.x)\" y=\"\(box.y)\" width=\"\(box.width)\" height=\"\(box.height)\""
    }
}

/// Words in a rectangle, where they fit.
private struct Label {
    private let text: String
    private let x, y: Double
    private let size: Double

    /// `text`, or `shorter`, or as much of that as fits; nil where that tells nothing. The line is `baseline` below the upper
    /// edge, or in the middle.
    init?(_ text: String, else shorter: String?, in box: Box, size: Double, baseline: Double?) {
        guard box.height >= size + 3 else { return nil }
        let room = Int((box.width - 8) / (size * 0.56))
        let fitting = [text, shorter].compactMap { $0 }.first { $0.count <= room }
        let last = shorter ?? text
        guard let shown = fitting ?? (room >= 9 ? last.prefix(room - 1) + "…" : nil) else { return nil }
        self.text = String(shown)
        self.size = size
        x = box.x + 5
        y = box.y + (baseline ?? min(box.height / 2 + size * 0.36, size + 4))
    }

    func markup(_ kind: Markup) -> Markup {
        "<text class=\"\(kind)\" x=\"\(x)\" y=\"\(y)\" font-size=\"\(size)\">\(text)</text>"
    }
}
