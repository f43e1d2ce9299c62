import BuildGraph
import Primitives
import SystemPackage
import Transfer

/// What this host says of mirrors and of the way to them: apt's configuration, netrc(5), certificates. It is read when something
/// is about to be fetched, and once: what fetches nothing does not need it.
actor HostNetwork {
    private let surroundings: Surroundings
    private let events: @Sendable (BuildEvent) -> Void
    /// How long a program of apt's may take for an answer.
    private let patience: Duration
    private var read: HostAPT?
    /// By program and address; nil where it said nothing.
    private var answers: [[String]: APTProxies.Choice?] = [:]

    init(
        _ surroundings: Surroundings, patience: Duration = .seconds(10),
        events: @escaping @Sendable (BuildEvent) -> Void
    ) {
        self.surroundings = surroundings
        self.patience = patience
        self.events = events
    }

    /// The apt of this machine. Says what of its configuration could not be read.
    func apt() -> HostAPT {
        if let read { return read }
        let found = HostAPT.read(surroundings.aptFolder)
        for problem in found.problems {
            events(.warning("\(problem); what it says of mirrors and proxies is left out"))
        }
        read = found
        return found
    }

    /// Options for downloads that go the ways of `choices`, which are by address; all others go as the environment says.
    func options(_ choices: [String: APTProxies.Choice]) async -> Downloader.Options {
        var options = Downloader.Options()
        for (address, choice) in choices {
            switch await settled(choice, address) {
            case .direct: options.proxies[address] = ""
            case .server(let proxy): options.proxies[address] = proxy
            case .environment, .program: continue
            }
        }
        let environment = surroundings.environment
        options.certificates = ["CURL_CA_BUNDLE", "SSL_CERT_FILE"].lazy.compactMap { environment[$0] }.first {
            $0 != ""
        }
        options.certificateFolder = environment["SSL_CERT_DIR"].flatMap { $0.isEmpty ? nil : $0 }
        if let home = surroundings.home {
            let netrc = home.appending(".netrc")
            if Files.exists(netrc) { options.netrc = netrc.string }
        }
        options.logins = logins()
        return options
    }

    /// Those of apt_auth.conf(5). They are often for root alone: who can't read them has others, or is told by the server.
    private func logins() -> [Login] {
        var files = APTFiles(folder: surroundings.aptFolder)
        let parts = [surroundings.aptFolder.appending("auth.conf")] + files.parts("auth.conf.d", endings: ["conf"])
        return parts.compactMap { files.text($0) }.flatMap(APTLogins.parse)
    }

    private func settled(_ choice: APTProxies.Choice, _ address: String) async -> APTProxies.Choice {
        guard case .program(let program, let otherwise) = choice else { return choice }
        if let known = answers[[program, address]] { return known ?? otherwise }
        let answer = await ask(program, address)
        answers[[program, address]] = .some(answer)
        return answer ?? otherwise
    }

    /// What the program that apt asks for a proxy says of `address`.
    private func ask(_ program: String, _ address: String) async -> APTProxies.Choice? {
        func without(_ problem: String) -> APTProxies.Choice? {
            events(.warning("\(program), which apt asks for a proxy for \(address), \(problem); it is left out"))
            return nil
        }
        let asked = ChildProgram(program, environment: surroundings.environment, grace: .seconds(1))
        let output = await withTaskGroup(of: String?.self) { group in
            group.addTask { try? await asked.run([address], limit: 1 << 16).text }
            group.addTask { [patience] in
                try? await Task.sleep(for: patience)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        guard let output else {
            return without("could not be run, or gave no answer within \(patience.components.seconds) s")
        }
        guard !output.allSatisfy({ $0.isWhitespace }) else { return nil }
        return APTProxies.answer(output) ?? without("gave no proxy, but \"\(output.prefix(80).prefix { $0 != "\n" })\"")
    }
}
