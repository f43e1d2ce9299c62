import Primitives

/// A point in time to the second, written as RFC 3339 has it in UTC: `2026-11-20T14:12:33Z`.
package struct LockDate: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted: what SOURCE_DATE_EPOCH wants.
    package let secondsSince1970: Int64

    package init(secondsSince1970: Int64) { self.secondsSince1970 = secondsSince1970 }

    /// The time that `text` writes, exactly in the form `2026-11-20T14:12:33Z`; nil for anything else.
    package init?(_ text: some Collection<UInt8>) {
        let bytes = Array(text)
        guard bytes.count == 20 else { return nil }
        let marks: [(Int, Unicode.Scalar)] = [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":"), (19, "Z")]
        guard marks.allSatisfy({ bytes[$0.0] == UInt8(ascii: $0.1) }) else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            var value: Int64 = 0
            for byte in bytes[range] {
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
                value = value * 10 + Int64(byte - UInt8(ascii: "0"))
            }
            return value
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            year >= 1970, (1...12).contains(month), day >= 1, hour < 24, minute < 60, second < 60
        else { return nil }
        let days = CivilDate.dayNumber(year: year, month: month, day: day)
        guard CivilDate.date(days) == (year, month, day) else { return nil }
        secondsSince1970 = ((days * 24 + hour) * 60 + minute) * 60 + second
    }

    package var description: String {
        let time = ((secondsSince1970 % 86_400) + 86_400) % 86_400
        let clock = [time / 3600, time / 60 % 60, time % 60].map { CivilDate.padded($0, 2) }.joined(separator: ":")
        let (year, month, day) = date
        return "\(CivilDate.padded(year, 4))-\(CivilDate.padded(month, 2))-\(CivilDate.padded(day, 2))T\(clock)Z"
    }

    /// The day alone, as file names have it: `20261120`.
    package var day: String {
        let (year, month, day) = date
        return CivilDate.padded(year, 4) + CivilDate.padded(month, 2) + CivilDate.padded(day, 2)
    }

    /// The time without marks, as folders of logs are called: `20261120-141233`.
    package var compact: String {
        String("\(self)".filter { $0 != "-" && $0 != ":" && $0 != "Z" }.map { $0 == "T" ? "-" : $0 })
    }

    package static func < (a: LockDate, b: LockDate) -> Bool { a.secondsSince1970 < b.secondsSince1970 }

    private var date: (Int64, Int64, Int64) {
        CivilDate.date(secondsSince1970.flooredQuotient(86_400))
    }
}
