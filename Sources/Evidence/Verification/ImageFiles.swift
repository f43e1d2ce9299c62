import Archives
import Primitives

/// The files of an image, held against the lists of digests on it.
struct ImageFiles {
    /// What was found, and what holds.
    let check: ImageReport.Check
    /// Files that are in no list, and may be: those of the boot loader, and the signature of the last list.
    let unlisted: [String]

    /// Whether answers were put into this copy of a finished image, and are what their own list says. Nobody signs that.
    static func answers(on image: ImageContent, _ digests: [String: ImageContent.Read]) throws -> ImageReport.Check {
        let added = image.files.filter { $0.hasPrefix(EvidenceFile.answers + "/") }
        guard !added.isEmpty else { return ImageReport.Check("answers", "") }
        var findings: [ImageReport.Finding] = []
        var listed: [String: Digest] = [:]
        if image.has(EvidenceFile.answerDigests) {
            let list = try DigestList(image.bytes(EvidenceFile.answerDigests), called: EvidenceFile.answerDigests)
            for (name, digest) in list.digests { listed["\(EvidenceFile.answers)/\(name)"] = digest }
        }
        for path in Set(added).union(listed.keys).sorted() where path != EvidenceFile.answerDigests {
            if (try? digests[path]?.get()) != listed[path] || listed[path] == nil {
                findings.append(ImageReport.Finding(path, "is not what \(EvidenceFile.answerDigests) says"))
            }
        }
        let names = listed.keys.sorted().map { String($0.dropFirst(EvidenceFile.answers.count + 1)) }
        return ImageReport.Check(
            "answers",
            "were added after it was built: \(names.joined(separator: ", ")); they are as they were added, and nobody signed them",
            findings)
    }

    /// Throws `EvidenceError` where a list can't be read.
    init(_ image: ImageContent, _ digests: [String: ImageContent.Read]) throws {
        var findings: [ImageReport.Finding] = []
        var listed: Set<String> = []
        var good = 0
        let lists = [EvidenceFile.digests, EvidenceFile.signatures].filter(image.has)
        for list in lists {
            for (path, digest) in try DigestList(image.bytes(list), called: list).digests.sorted(by: { $0.key < $1.key }
            ) {
                listed.insert(path)
                switch digests[path] {
                case .success(let found)? where found == digest: good += 1
                case .success?: findings.append(ImageReport.Finding(path, "is not what \(list) says"))
                case .failure(let error)?:
                    findings.append(ImageReport.Finding(path, "can't be read", details: [error.what]))
                case nil: findings.append(ImageReport.Finding(path, "is in \(list), and not on the image"))
                }
            }
        }
        var unlisted: [String] = []
        let own = Set(lists.flatMap { [$0, $0 + ".asc"] })
        for path in image.files where !listed.contains(path) {
            if path.hasPrefix(EvidenceFile.answers + "/") { continue }
            if EvidenceFile.isLoader(path) || own.contains(path) {
                unlisted.append(path)
            } else {
                findings.append(ImageReport.Finding(path, "is on the image, and in no list"))
            }
        }
        self.unlisted = unlisted
        check = ImageReport.Check(
            "files", "\(good) of \(listed.count) are what the lists say", findings)
    }
}
