package import CCurl

/// A set of transfers that one thread drives, and their connections (libcurl-multi(3)).
///
/// It may be handed to other threads for `wakeUp` only, the one function of libcurl that allows it
/// (curl_multi_wakeup(3)); as long as somebody holds it, the handle lives.
package final class MultiHandle: @unchecked Sendable {
    private let raw: UnsafeMutableRawPointer

    /// Nil when libcurl has no memory.
    package init?(connections: Int) {
        guard let handle = curl_multi_init() else { return nil }
        raw = handle
        curl_multi_set_long(raw, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections)
        curl_multi_set_long(raw, CURLMOPT_MAXCONNECTS, connections)
        // Many requests at once on one connection of HTTP/2; never pipelining on HTTP/1.1.
        curl_multi_set_long(raw, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
    }

    deinit { curl_multi_cleanup(raw) }

    /// The handle must live until it is removed.
    package func add(_ handle: EasyHandle) { curl_multi_add_handle(raw, handle.raw) }

    /// Ends its transfer where it goes on still.
    package func remove(_ handle: EasyHandle) { curl_multi_remove_handle(raw, handle.raw) }

    /// Does what can be done without waiting.
    package func perform() {
        var running: Int32 = 0
        curl_multi_perform(raw, &running)
    }

    /// The next transfer that has ended, by the `raw` of its handle.
    package func nextDone() -> (handle: UnsafeMutableRawPointer, code: CURLcode)? {
        var code = CURLE_OK
        return curl_multi_next_done(raw, &code).map { ($0, code) }
    }

    /// Waits until something can be done, `wakeUp` is called, or `milliseconds` are over.
    package func poll(milliseconds: Int32) { curl_multi_poll(raw, nil, 0, milliseconds, nil) }

    /// Ends a `poll` that runs on another thread, or else the next one.
    package func wakeUp() { curl_multi_wakeup(raw) }
}
