/// How long a step took in the builds that are kept, those alone counted in which it ran to its end.
package struct StepTimes: Hashable, Sendable {
    /// The step.
    package let step: StepName
    /// In how many builds it ran.
    package let runs: Int
    /// In the last one of them.
    package let last: Duration
    /// The one in the middle; of two in the middle the mean.
    package let median: Duration
    /// The shortest and the longest.
    package let least: Duration
    package let most: Duration

    /// Nil without `times`, which are in the order of the builds, the newest first.
    init?(of step: StepName, _ times: [Duration]) {
        let sorted = times.sorted()
        guard let last = times.first, let least = sorted.first, let most = sorted.last else { return nil }
        self.step = step
        runs = times.count
        self.last = last
        let middle = sorted.count / 2
        median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        self.least = least
        self.most = most
    }

    /// Those of every step that ran in one of `builds`, which come with the newest first: the longest median first.
    package static func all(in builds: [BuildRecord]) -> [StepTimes] {
        var times: [StepName: [Duration]] = [:]
        for step in builds.flatMap(\.steps) where step.outcome == .ran {
            times[step.name, default: []].append(step.duration)
        }
        return times.compactMap { StepTimes(of: $0, $1) }.sorted { ($1.median, $0.step) < ($0.median, $1.step) }
    }
}
