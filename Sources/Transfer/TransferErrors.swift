import Primitives

/// The files of one call that could not be downloaded, with every source that was tried.
package struct TransferErrors: UserError {
    /// One source's last failure.
    package struct Source: Hashable, Sendable {
        /// The address as the request has it; an absolute path as `file://` and that path.
        package let url: String
        /// What came of the last try.
        package let reason: SourceFailure
        /// How often the source was asked; 0 where its host had not answered other requests before.
        package let tries: Int

        fileprivate var triesInWords: String {
            switch tries {
            case 0: " (not asked again)"
            case 1: ""
            default: " (\(tries) tries)"
            }
        }
    }

    /// One file that no source gave.
    package struct File: Hashable, Sendable {
        /// The place of the request among those given to `Downloader.download`.
        package let index: Int
        /// What it is called in messages.
        package let name: String
        /// Those of the request that failed, in its order; empty where it named none.
        package let sources: [Source]
    }

    /// The files in the order of their requests, at least one.
    package let files: [File]
    /// Requests that were given up, or never begun, because others had failed.
    package let unfinished: Int
    /// All requests of the call.
    package let total: Int

    /// Whether nothing arrived because no server could be reached: the machine has no network, or needs a proxy.
    package var isNoNetwork: Bool {
        files.count + unfinished == total
            && files.allSatisfy { !$0.sources.isEmpty && $0.sources.allSatisfy(\.reason.isUnreachable) }
    }

    /// Whether all that failed would have had to come over a network, and nothing may.
    package var isOffline: Bool {
        files.allSatisfy { !$0.sources.isEmpty && $0.sources.allSatisfy { $0.reason == .offline } }
    }

    /// Whether every source of every file says that it does not have it.
    package var isMissing: Bool {
        files.allSatisfy { !$0.sources.isEmpty && $0.sources.allSatisfy(\.reason.isMissing) }
    }

    package var what: String {
        if isOffline {
            return
                "\(files.count.counted("file")) would have to be fetched over a network, and nothing may be (--offline)"
        }
        if isNoNetwork {
            return total == 1
                ? "cannot download \(files[0].name): no server could be reached"
                : "cannot download any of \(total) files: no server could be reached"
        }
        return total == 1 ? "cannot download \(files[0].name)" : "cannot download \(files.count) of \(total) files"
    }

    package var details: [String] {
        var lines: [String] = []
        // Where no server answers, all files tell the same story.
        let shown = isNoNetwork ? 3 : 20
        for file in files.prefix(shown) {
            if isOffline {
                lines.append(file.name)
                continue
            }
            if file.sources.isEmpty { lines.append("\(file.name): no source is named") }
            for source in file.sources {
                lines.append("\(file.name): \(source.url): \(source.reason)\(source.triesInWords)")
            }
        }
        if files.count > shown { lines.append("and \(files.count - shown) more files") }
        if unfinished > 0 {
            lines.append("\(unfinished) other \(unfinished == 1 ? "file was" : "files were") not waited for")
        }
        return lines
    }

    package var hint: String? {
        if isOffline {
            return "bring them with `deploy cache export` and `deploy cache import FILE`, or go without --offline"
        }
        if isNoNetwork {
            return """
                check the network; behind a proxy set http_proxy, https_proxy and no_proxy; without a network name a mirror \
                on this machine (file:///… or a folder)
                """
        }
        let reasons = files.flatMap(\.sources).map(\.reason)
        if reasons.contains(.status(401)) {
            return """
                the server wants a user and a password: they stand in ~/.netrc, or in /etc/apt/auth.conf or a file of \
                /etc/apt/auth.conf.d that you can read
                """
        }
        if reasons.contains(.status(407)) {
            return "the proxy wants a user and a password: http_proxy=http://USER:PASSWORD@HOST:PORT"
        }
        if reasons.contains(where: { if case .untrusted = $0 { true } else { false } }) {
            return """
                where the certificate is of an authority of your own: SSL_CERT_FILE=/path/ca.pem, or update-ca-certificates(8); \
                a wrong clock (`date`) makes good certificates look expired
                """
        }
        return nil
    }
}
