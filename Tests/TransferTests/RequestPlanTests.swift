import Primitives
import Testing

@testable import Transfer

@Suite struct RequestPlanTests {
    private func plan(_ sources: Int) -> RequestPlan {
        var policy = RetryPolicy()
        policy.tries = 3
        policy.firstPause = .seconds(1)
        policy.longestPause = .seconds(3)
        return RequestPlan(sources: sources, policy: policy)
    }

    private func fail(
        _ plan: inout RequestPlan, _ source: Int, _ failure: SourceFailure, reached: Int64 = 0,
        retryAfter: Duration? = nil
    ) {
        plan.failed(source, failure, at: .zero, reached: reached, retryAfter: retryAfter, jitter: 1)
    }

    @Test func pausesDoubleUpToTheLongest() {
        var policy = RetryPolicy()
        policy.tries = 10
        var plan = RequestPlan(sources: 1, policy: policy)
        var pauses: [Duration] = []
        while let next = plan.next(isSuspect: { _ in false }) {
            pauses.append(next.notBefore)
            fail(&plan, next.source, .status(503))
        }
        #expect(pauses == [0, 500, 1000, 2000, 4000, 8000, 15000, 15000, 15000, 15000].map { .milliseconds($0) })
    }

    @Test func jitterShortensAPauseByHalfAtMost() {
        var plan = plan(1)
        plan.failed(0, .status(500), at: .seconds(10), reached: 0, retryAfter: nil, jitter: 0)
        #expect(plan.next(isSuspect: { _ in false })?.notBefore == .milliseconds(10_500))
    }

    @Test func sourcesTakeTurnsAndEachHasItsOwnPause() {
        var plan = plan(2)
        fail(&plan, 0, .unreachable(""))
        #expect(plan.next(isSuspect: { _ in false })?.source == 1)
        #expect(plan.next(isSuspect: { _ in false })?.notBefore == .zero)
        fail(&plan, 1, .unreachable(""))
        #expect(plan.next(isSuspect: { _ in false })?.source == 0)
        #expect(plan.next(isSuspect: { _ in false })?.notBefore == .seconds(1))
    }

    @Test func suspectHostsComeLast() {
        let plan = plan(3)
        #expect(plan.next(isSuspect: { $0 < 2 })?.source == 2)
        #expect(plan.next(isSuspect: { _ in true })?.source == 0)
    }

    @Test(arguments: [SourceFailure.status(404), .wrongSize(found: .zero, expected: ByteCount(1)), .tooManyRedirects])
    func lastingFailureGivesTheSourceUp(_ failure: SourceFailure) {
        var plan = plan(1)
        fail(&plan, 0, failure)
        #expect(plan.next(isSuspect: { _ in false }) == nil)
    }

    @Test func startingOverIsFreeOnce() {
        var plan = plan(1)
        fail(&plan, 0, .resumedWrong)
        #expect(plan.next(isSuspect: { _ in false })?.notBefore == .zero)
        fail(&plan, 0, .rangeRefused)
        #expect(plan.next(isSuspect: { _ in false }) == nil)
    }

    @Test func headwayResetsTheCountOfTries() {
        var plan = plan(1)
        for step in 1...10 { fail(&plan, 0, .broken(""), reached: Int64(step) * 1_000_000) }
        #expect(plan.next(isSuspect: { _ in false }) != nil)
        for _ in 1...2 { fail(&plan, 0, .broken(""), reached: 10_000_000) }
        #expect(plan.next(isSuspect: { _ in false }) == nil)
    }

    @Test func retryAfterIsBounded() {
        var plan = plan(1)
        fail(&plan, 0, .status(429), retryAfter: .seconds(3600))
        #expect(plan.next(isSuspect: { _ in false })?.notBefore == .seconds(60))
    }

    @Test(
        arguments: [
            ("/a b/ü", "file:///a%20b/%C3%BC", nil), ("file:///a%20b", "file:///a%20b", nil),
            ("http://user:pw@example.org:80/x", "http://user:pw@example.org:80/x", "example.org:80"),
            ("https://example.org", "https://example.org", "example.org"),
        ] as [(String, String, String?)])
    func sourceBecomesURL(_ source: String, _ url: String, _ host: String?) {
        #expect(SourceURL(source).url == url)
        #expect(SourceURL(source).host == host)
    }
}
