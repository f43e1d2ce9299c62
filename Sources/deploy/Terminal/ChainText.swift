import Darksites
import Declaration
import Primitives

/// How what asks for a package is shown.
struct ChainText {
    let style: Style

    /// "package-sets/debian/server.txt:41  htop", "base system  bash (Essential: yes)"
    func origin(_ origin: PackageChain.Origin) -> String {
        switch origin {
        case .line(let entry): "\(origin.place)  \(style.bold(entry.text))"
        case .base(let name, let because): "the base system  \(style.bold(name)) (\(because))"
        case .module(let name), .update(let name): "\(origin.place)  \(style.bold(name))"
        }
    }

    /// The origin, and below it each package that needs the next.
    func lines(_ chain: PackageChain, indent: String) -> [String] {
        var first = indent + origin(chain.origin)
        if case .line(let entry) = chain.origin, entry.name != chain.first {
            first += ", which \(chain.first) provides"
        }
        return [first]
            + chain.links.map { link in
                let answer = link.isProvided ? ", which \(link.answer) provides" : ""
                return "\(indent)  \(link.name) \(link.version)  \(relation(link.relation))\(answer)"
            }
    }

    /// "depends on  libnl-3-200 (>= 3.7.0)": the verb and what follows it a little apart.
    private func relation(_ text: String) -> String {
        for verb in ["pre-depends on", "depends on", "recommends", "needs"] where text.hasPrefix(verb + " ") {
            return "\(style.faint(verb))  \(text.dropFirst(verb.count + 1))"
        }
        return text
    }
}
