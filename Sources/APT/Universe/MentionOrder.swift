import Primitives

/// The order in which apt meets names when it reads indexes: a package's own name, those in its relations, what it provides.
///
/// apt numbers packages by it, and where nothing else speaks for one of two providers, it takes the one with the higher
/// number; see `CompareProviders` in apt-pkg/depcache.cc, `NewVersion` in apt-pkg/deb/deblistparser.cc.
struct MentionOrder {
    /// By name: the place of the first mention from 1; 0 where it was not met so far.
    private var ranks: [UInt32]
    private var last: UInt32 = 0
    /// The first package that was not read yet.
    private var upcoming: Int32 = 0

    init(nameCount: Int) { ranks = Array(repeating: 0, count: nameCount) }

    /// Whether apt meets `a` before `b`. It reads on only until it meets one of them.
    mutating func isEarlier(_ a: Int32, _ b: Int32, in table: PackageTable) -> Bool {
        while ranks[Int(a)] == 0, ranks[Int(b)] == 0, upcoming < Int32(table.packageCount) {
            read(upcoming, in: table)
            upcoming += 1
        }
        let (left, right) = (ranks[Int(a)], ranks[Int(b)])
        return left != 0 && (right == 0 || left < right)
    }

    /// The ranks of all names of `table`, worked out at once; 0 for those that apt never meets.
    static func ranks(in table: PackageTable) -> [UInt32] {
        var order = MentionOrder(nameCount: table.names.count)
        for package in 0..<Int32(table.packageCount) { order.read(package, in: table) }
        return order.ranks
    }

    private mutating func read(_ package: Int32, in table: PackageTable) {
        meet(table.entries[Int(package)].name)
        let bytes = table.bytes(package)
        // In apt's order: Pre-Depends, Depends, Conflicts, Breaks, Recommends, Suggests, Replaces, Enhances, Provides.
        var fields = [Range<Int>?](repeating: nil, count: 9)
        table.forEachField(of: package) { name, value in
            switch (name.count, bytes[name.lowerBound] | 0x20) {
            case (11, 0x70) where bytes.equals(name, ignoringCase: "pre-depends"): fields[0] = value
            case (7, 0x64) where bytes.equals(name, ignoringCase: "depends"): fields[1] = value
            case (9, 0x63) where bytes.equals(name, ignoringCase: "conflicts"): fields[2] = value
            case (6, 0x62) where bytes.equals(name, ignoringCase: "breaks"): fields[3] = value
            case (10, 0x72) where bytes.equals(name, ignoringCase: "recommends"): fields[4] = value
            case (8, 0x73) where bytes.equals(name, ignoringCase: "suggests"): fields[5] = value
            case (8, 0x72) where bytes.equals(name, ignoringCase: "replaces"): fields[6] = value
            case (8, 0x65) where bytes.equals(name, ignoringCase: "enhances"): fields[7] = value
            case (8, 0x70) where bytes.equals(name, ignoringCase: "provides"): fields[8] = value
            default: break
            }
        }
        for field in fields {
            guard let field else { continue }
            var parser = RelationParser(bytes, field)
            // What does not parse is told when the package is looked at.
            while let relation = try? parser.next() {
                if case .any = relation.qualifier { continue }  // apt keeps name:any apart
                if let name = table.names.find(bytes.slice(relation.name)) { meet(name) }
            }
        }
    }

    private mutating func meet(_ name: Int32) {
        guard ranks[Int(name)] == 0 else { return }
        last += 1
        ranks[Int(name)] = last
    }
}
