import Primitives
import Testing

@Suite struct BlockingWorkTests {
    @Test(arguments: [0, 1, 2, 100], [0, 1, 3, 200])
    func everyPieceIsDoneOnceAndInItsPlace(count: Int, threads: Int) {
        #expect(BlockingWork.concurrently(count, threads: threads) { $0 * 2 } == (0..<count).map { $0 * 2 })
    }
}
