package import CCurl

/// One transfer of libcurl, reused for many files (libcurl-easy(3)).
package final class EasyHandle {
    /// What libcurl knows it by.
    package let raw: UnsafeMutableRawPointer
    /// Where libcurl writes what went wrong, CURL_ERROR_SIZE bytes.
    private let message: UnsafeMutablePointer<CChar>

    /// Nil when libcurl has no memory.
    package init?() {
        guard CurlLibrary.isReady, let handle = curl_easy_init() else { return nil }
        raw = handle
        message = .allocate(capacity: Int(CURL_ERROR_SIZE))
        message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(raw)
        message.deallocate()
    }

    /// Forgets all options but keeps what libcurl caches.
    package func reset() {
        curl_easy_reset(raw)
        message[0] = 0
        curl_set_pointer(raw, CURLOPT_ERRORBUFFER, message)
    }

    /// curl_easy_setopt(3), for options of this type.
    package func set(_ option: CURLoption, _ value: Int) { curl_set_long(raw, option, value) }

    /// curl_easy_setopt(3), for options of this type.
    package func set(_ option: CURLoption, large value: Int64) { curl_set_offset(raw, option, curl_off_t(value)) }

    /// curl_easy_setopt(3), for options of this type.
    package func set(_ option: CURLoption, _ value: String) { curl_set_string(raw, option, value) }

    /// curl_easy_setopt(3), for options of this type.
    package func set(_ option: CURLoption, _ value: UnsafeMutableRawPointer?) { curl_set_pointer(raw, option, value) }

    /// curl_easy_setopt(3), for options of this type.
    package func set(_ option: CURLoption, _ value: @escaping curl_write_callback) {
        curl_set_callback(raw, option, value)
    }

    /// curl_easy_getinfo(3), for answers of this type.
    package func number(_ info: CURLINFO) -> Int { curl_get_long(raw, info) }

    /// curl_easy_getinfo(3), for answers of this type.
    package func offset(_ info: CURLINFO) -> Int64 { Int64(curl_get_offset(raw, info)) }

    /// curl_easy_getinfo(3), for answers of this type.
    package func string(_ info: CURLINFO) -> String? { curl_get_string(raw, info).map { String(cString: $0) } }

    /// Libcurl's words for the failure `code` of the last transfer.
    package func words(for code: CURLcode) -> String {
        message[0] != 0 ? String(cString: message) : String(cString: curl_easy_strerror(code))
    }
}

/// The process-wide state of libcurl (curl_global_init(3)), made on first use.
private enum CurlLibrary {
    static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}
