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
        let count = dayNumber(year: year, month: Int64(month + 1), day: day)
        // A day that its month doesn't have comes back as another one.
        guard year >= 1970, date(count) == (year, Int64(month + 1), day) else { return nil }
        return count * 86400 + hour * 3600 + minute * 60 + second
    }

    /// The spelling of a time in seconds since 1970.
    package static func text(_ seconds: Int64) -> String {
        let count = seconds.flooredQuotient(86400)
        let rest = seconds - count * 86400
        let (year, month, day) = date(count)
        let weekday = days[Int((count + 4) - (count + 4).flooredQuotient(7) * 7)]
        let clock = [rest / 3600, rest / 60 % 60, rest % 60].map { padded($0, 2) }.joined(separator: ":")
        return "\(weekday), \(padded(day, 2)) \(months[Int(month - 1)]) \(padded(year, 4)) \(clock) UTC"
    }

    /// A span of seconds for people: "3 days", "2 hours".
    static func span(_ seconds: Int64) -> String {
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

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(width - digits.count, 0)) + digits
    }

    /// Days since 1970 of a date of the Gregorian calendar, counted in years that begin in March.
    private static func dayNumber(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted.flooredQuotient(400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func date(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted.flooredQuotient(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }
}

extension Int64 {
    fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
        self >= 0 ? self / divisor : -((divisor - 1 - self) / divisor)
    }
}
