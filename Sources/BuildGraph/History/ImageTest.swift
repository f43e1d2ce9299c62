/// A test of a build's image, run after the build: what was looked at, and what was found.
package struct ImageTest: Hashable, Sendable {
    /// What came of one look.
    package enum Outcome: String, Hashable, Sendable { case passed, failed, skipped }

    /// One thing that was looked at.
    package struct Case: Hashable, Sendable {
        /// In words: "the pool is healthy".
        package let name: String
        /// What came of it.
        package let outcome: Outcome
        /// How long it took to look.
        package let duration: Duration
        /// Why it failed or was skipped, in lines; nil where it passed.
        package let remark: String?

        package init(name: String, outcome: Outcome, duration: Duration, remark: String?) {
            self.name = name
            self.outcome = outcome
            self.duration = duration
            self.remark = remark
        }
    }

    /// What was tested, in words: "debian core on one disk; ISO as CD, UEFI".
    package let title: String
    /// Seconds since 1970, when it ended.
    package let finished: Int64
    /// Of the whole test.
    package let duration: Duration
    /// In the order in which they ended.
    package let cases: [Case]

    package init(title: String, finished: Int64, duration: Duration, cases: [Case]) {
        self.title = title
        self.finished = finished
        self.duration = duration
        self.cases = cases
    }

    /// How many looks ended so.
    package func count(_ outcome: Outcome) -> Int { cases.count { $0.outcome == outcome } }
}
