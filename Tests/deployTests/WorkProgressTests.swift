import Primitives
import Testing

@testable import deploy

@Suite struct WorkProgressTests {
    private let work = WorkProgress(
        activity: "writing", completed: ByteCount(362_000_000), total: ByteCount(966_000_000), start: 10)

    @Test func aLineSaysHowFarHowFastAndHowLongStill() {
        #expect(
            work.line(at: 19, width: 120)
                == "  writing █████░░░░░░░░░░░ 362 MB of 966 MB · 40 MB/s · 9.0 s · about 15 s left")
    }

    @Test func thereIsNoRateOfAMoment() {
        #expect(work.line(at: 10.1, width: 60) == "  writing 362 MB of 966 MB")
    }

    @Test func noLineIsLongerThanTheTerminalIsWide() {
        for width in [1, 20, 40, 79, 80, 100] { #expect(work.line(at: 19, width: width).count <= width) }
    }
}
