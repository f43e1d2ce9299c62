import Primitives

/// Dates as Release files spell them, "Sat, 09 Aug 2025 12:34:56 UTC" (Debian repository format, after RFC 1123).
package enum RepositoryDate {
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Seconds since 1970; nil for anything but such a date in UTC. The name of the day is not compared.
    package static func seconds(_ text: String) -> Int64? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 6, parts[0].count == 4, parts[0].last == ",", days.contains(String(parts[0].dropLast())),
            parts[1].utf8.count <= 2, let day = number(parts[1]), let month = months.firstIndex(of: String(parts[2])),
            parts[3].utf8.count == 4, let year = number(parts[3]),
            ["UTC", "GMT", "+0000", "Z"].contains(parts[5])
        else { return nil }
        let clock = parts[4].split(separator: ":", omittingEmptySubsequences: false)
        guard clock.count == 3, clock.allSatisfy({ $0.utf8.count <= 2 }), let hour = number(clock[0]), hour < 24,
            let minute = number(clock[1]), minute < 60, let second = number(clock[2]), second < 61
        else { return nil }
        let count = CivilDate.dayNumber(year: year, month: Int64(month + 1), day: day)
        // A day that its month doesn't have comes back as another one.
        guard year >= 1970, CivilDate.date(count) == (year, Int64(month + 1), day) else { return nil }
        return count * 86400 + hour * 3600 + minute * 60 + second
    }

    /// The spelling of a time in seconds since 1970.
    package static func text(_ seconds: Int64) -> String {
        let count = seconds.flooredQuotient(86400)
        let rest = seconds - count * 86400
        let (year, month, day) = CivilDate.date(count)
        let weekday = days[Int((count + 4) - (count + 4).flooredQuotient(7) * 7)]
        let clock = [rest / 3600, rest / 60 % 60, rest % 60].map { CivilDate.padded($0, 2) }.joined(separator: ":")
        return
            "\(weekday), \(CivilDate.padded(day, 2)) \(months[Int(month - 1)]) \(CivilDate.padded(year, 4)) \(clock) UTC"
    }

    /// A span of seconds for people: "3 days", "2 hours".
    package static func span(_ seconds: Int64) -> String {
        let (count, unit) =
            if seconds >= 2 * 86400 {
                (seconds / 86400, "days")
            } else if seconds >= 2 * 3600 {
                (seconds / 3600, "hours")
            } else if seconds >= 120 {
                (seconds / 60, "minutes")
            } else {
                (seconds, "seconds")
            }
        return "\(count) \(unit)"
    }

    private static func number(_ text: Substring) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return Int64(text)
    }
}
