import Synchronization
import Testing

@testable import Containers

@Suite(.timeLimit(.minutes(10))) struct SingleFlightTests {
    private struct Failure: Error {}

    private final class Counter: Sendable {
        private let value = Atomic(0)
        func add() -> Int { value.add(1, ordering: .relaxed).newValue }
        var count: Int { value.load(ordering: .relaxed) }
    }

    @Test func `the work is done once for all who ask at the same time, and remembered`() async throws {
        let flight = SingleFlight<String, Int>()
        let counter = Counter()
        let values = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    try await flight.value(for: "k") {
                        try await Task.sleep(for: .milliseconds(20))
                        return counter.add()
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(values == Array(repeating: 1, count: 20))
        #expect(try await flight.value(for: "k") { counter.add() } == 1)
        await flight.forget("k")
        #expect(try await flight.value(for: "k") { counter.add() } == 2)
    }

    @Test func `a failure reaches everyone who waited and is not remembered`() async throws {
        let flight = SingleFlight<String, Int>()
        let counter = Counter()
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<5 {
                group.addTask {
                    do {
                        _ = try await flight.value(for: "k") {
                            _ = counter.add()
                            try await Task.sleep(for: .milliseconds(50))
                            throw Failure()
                        }
                        return false
                    } catch { return error is Failure }
                }
            }
            for await failed in group { #expect(failed) }
        }
        #expect(counter.count == 1)
        #expect(try await flight.value(for: "k") { 7 } == 7)
    }

    @Test func `where the one who works is cancelled, the next does the work`() async throws {
        let flight = SingleFlight<String, Int>()
        let (started, signal) = AsyncStream.makeStream(of: Void.self)
        let first = Task {
            try await flight.value(for: "k") {
                signal.yield()
                try await Task.sleep(for: .seconds(60))
                return 1
            }
        }
        for await _ in started { break }
        let second = Task { try await flight.value(for: "k") { 2 } }
        try await Task.sleep(for: .milliseconds(20))
        first.cancel()
        #expect(try await second.value == 2)
        await #expect(throws: CancellationError.self) { try await first.value }
    }

    @Test func `whoever waits can be cancelled alone`() async throws {
        let flight = SingleFlight<String, Int>()
        let (started, signal) = AsyncStream.makeStream(of: Void.self)
        let (release, releaser) = AsyncStream.makeStream(of: Void.self)
        let first = Task {
            try await flight.value(for: "k") {
                signal.yield()
                for await _ in release { break }
                return 1
            }
        }
        for await _ in started { break }
        let second = Task { try await flight.value(for: "k") { 2 } }
        try await Task.sleep(for: .milliseconds(20))
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        releaser.yield()
        #expect(try await first.value == 1)
    }
}
