package import Primitives
package import Solver

extension DebianUniverse {
    /// The candidates that fit `search`, the best first, those that fit as well in the order of their names.
    package func matches(_ search: WordSearch) -> [PackageID] {
        var found: [(package: Int32, rank: WordSearch.Rank, name: UnsafeRawBufferPointer)] = []
        for number in 0..<Int32(table.names.count) where table.firstPackage[Int(number)] >= 0 {
            let name = table.names.bytes(number)
            for package in table.packages(of: number) where isCandidate(package) {
                guard let rank = search.rank(name, summary: { table.summaryBytes(package) }) else { continue }
                found.append((package, rank, name))
            }
        }
        found.sort { a, b in
            if a.rank != b.rank { return a.rank < b.rank }
            return a.name.isSame(as: b.name) ? a.package < b.package : a.name.lexicographicallyPrecedes(b.name)
        }
        return found.map { PackageID($0.package) }
    }
}

extension PackageTable {
    /// The first line of the package's Description.
    package func summary(of package: PackageID) -> String {
        String(decoding: summaryBytes(package.index), as: UTF8.self)
    }

    /// Bytes of the package's index that live as long as this table.
    func summaryBytes(_ package: Int32) -> UnsafeRawBufferPointer {
        let bytes = bytes(package)
        var found = 0..<0
        forEachField(of: package) { name, value in
            guard name.count == 11, bytes[name.lowerBound] | 0x20 == 0x64,
                bytes.equals(name, ignoringCase: "description")
            else { return }
            let end = bytes.firstIndex(of: 0x0A, from: value.lowerBound, to: value.upperBound) ?? value.upperBound
            found = value.lowerBound..<end
        }
        return bytes.slice(found)
    }
}
