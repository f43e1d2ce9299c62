import BuildGraph
import ContentStore
import Declaration
import Locking
package import Primitives
package import RemoteCache
import SystemPackage

/// What flags say of the cache that others use, too.
package struct RemoteRequest: Sendable {
    /// Its address, in place of the declared one; "required" for the declared one, which then must answer.
    package var address: String?
    /// Whether none is used, whatever is declared.
    package var isOff = false
    /// Whether it must answer.
    package var isRequired = false
    /// Whether nothing is put into it.
    package var isReadOnly = false
    /// Whether some of its results are made here as well, and compared.
    package var isVerified = false
    /// Whether containers run on its workers.
    package var executes = false

    package init() {}
}

extension Project {
    /// This project with the cache that `request`, the environment or the declaration names, in this order.
    ///
    /// Throws `Mistake` where that can't be one, and `FileError` for the file of its token.
    package func sharing(_ request: RemoteRequest) throws -> Project {
        var project = self
        project.remote = try remoteOptions(request).map { RemoteCache($0, events: events) }
        project.records.believed = try believedCache(request)
        return project
    }

    /// The cache whose word is taken for results that came from it, be it asked or not; nil: none's.
    func believedCache(_ request: RemoteRequest = RemoteRequest()) throws -> String? {
        try namedCache(request).map { "\($0.address)" }
    }

    /// A cache that is named.
    private struct NamedCache {
        let address: RemoteAddress
        /// Whether a flag or the environment named it.
        let isGiven: Bool
        /// What the declaration says of it, where it is the declared one.
        let declared: Declaration.Remote?
    }

    /// The one that `request`, the environment or the declaration names; nil where none is to be used. Throws `Mistake`.
    private func namedCache(_ request: RemoteRequest) throws -> NamedCache? {
        guard !request.isOff else { return nil }
        let variable = surroundings.environment["DEPLOY_REMOTE"].flatMap { $0.isEmpty ? nil : $0 }
        let isDeclared = request.address == "required"
        let given = isDeclared ? variable : request.address ?? variable
        let declared = declaration.remote
        guard given != nil || declared != nil else {
            let word = ["--remote required", "--verify-remote", "--execute", "--remote-readonly"]
            let flags = [isDeclared, request.isVerified, request.executes, request.isReadOnly]
            guard let flag = zip(word, flags).first(where: \.1)?.0 else { return nil }
            throw Mistake(
                "\(flag), and there is no remote cache", at: nil,
                hint: "name one: `remote: {address: grpc://HOST:PORT}` in deploy.yaml, DEPLOY_REMOTE, or --remote")
        }
        let address: RemoteAddress
        if let given {
            address = try RemoteAddress(given)
        } else if let declared {
            address = try RemoteAddress(declared.address, at: declared.location)
        } else {
            return nil
        }
        // What shows another server who we are is not for this one.
        let own = declared.flatMap { declared in
            (try? RemoteAddress(declared.address)) == address ? declared : nil
        }
        return NamedCache(address: address, isGiven: given != nil, declared: own)
    }

    /// How the cache is used; nil where there is none, or nothing goes over a network.
    package func remoteOptions(_ request: RemoteRequest) throws -> RemoteOptions? {
        guard !isOffline, let named = try namedCache(request) else { return nil }
        let own = named.declared
        // The token of the environment goes where the environment or a flag says: a declaration may be a stranger's.
        let variableToken = surroundings.environment["DEPLOY_REMOTE_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
        let token = try (named.isGiven ? variableToken : nil) ?? own?.token.map { try Files.readText($0) }
        let login = RemoteLogin(
            authority: own?.authority?.string, certificate: own?.certificate?.string, key: own?.key?.string,
            token: try token.map(Self.token))
        return RemoteOptions(
            address: named.address, login: login, isReadOnly: request.isReadOnly || own?.isReadOnly ?? false,
            isRequired: request.address == "required" || request.isRequired || own?.isRequired ?? false,
            isVerified: request.isVerified,
            executes: request.executes || own?.executes ?? false)
    }

    /// What the cache is like, and how much of the last builds came from it.
    package struct RemoteStanding: Sendable {
        /// Where it is, and how it is used.
        package let options: RemoteOptions
        /// What it says of itself.
        package let survey: RemoteSurvey
        /// Of the builds that are on record.
        package let builds: Int
        /// Steps of theirs whose results were not on this host: all, and those that the cache had.
        package let asked: Int
        package let hits: Int
        /// What it has of the image as the lock has it; nil where that can't be said.
        package let holding: Holding?
    }

    /// How much of an image a cache has.
    package struct Holding: Sendable {
        /// All steps of the image, and those whose results it has.
        package let steps: Int
        package let results: Int
        /// What these results are together, that which several have counted once.
        package let size: ByteCount
    }

    /// Asks the cache that `request` names. Throws what `sharing` does, and where it does not answer.
    package func remoteStanding(_ request: RemoteRequest) async throws -> RemoteStanding {
        let remote = try existingRemote(request)
        let survey = try await remote.survey(in: store.workArea)
        let builds = try builds()
        let steps = builds.flatMap(\.steps).filter { $0.outcome == .ran || $0.isRemote }
        return RemoteStanding(
            options: remote.options, survey: survey, builds: builds.count, asked: steps.count,
            hits: steps.count { $0.outcome == .cached }, holding: try await holding(of: remote))
    }

    /// Nothing is downloaded but lists of files. Nil where the lock does not fit, or is not there.
    private func holding(of remote: RemoteCache) async throws -> Holding? {
        guard try LockKeeper(project: self).standing(naming: declaration.distributions(named: [])).isCurrent else {
            return nil
        }
        var project = self
        project.remote = remote
        let plan = try await project.currentPlan(writesLock: false, request: BuildRequest(isLocked: true))
        let engine = engine()
        let shared = SharedRecords(records, store: store, behind: remote, architecture: engine.architecture)
        let tiered = TieredStore(store, behind: remote)
        let order = plan.graph.closure(of: try plan.resolve(targets: []))
        var found: [StepName: StepRecord] = [:]
        var blobs: Set<Blob> = []
        for step in order.compactMap({ plan.graph.steps[$0] }) {
            guard let evaluation = step.evaluate(records: found, architecture: engine.architecture),
                let record = try await shared.sharedRecord(step, evaluation)
            else { continue }
            found[step.name] = record
            for artifact in record.outputs.values {
                blobs.insert(artifact.blob)
                if artifact.kind == .tree { try await blobs.formUnion(tiered.tree(artifact.blob).blobs) }
            }
        }
        return Holding(steps: order.count, results: found.count, size: blobs.reduce(.zero) { $0 + $1.size })
    }

    private func existingRemote(_ request: RemoteRequest) throws -> RemoteCache {
        guard let remote = try sharing(request).remote else {
            throw Mistake(
                "there is no remote cache", at: nil,
                hint: "name one: `remote: {address: grpc://HOST:PORT}` in deploy.yaml, DEPLOY_REMOTE, or --remote")
        }
        return remote
    }

    /// Puts the results that this host has of the image's steps into the cache that `request` names, and says what went there.
    package func pushResults(_ request: RemoteRequest) async throws -> (results: Int, traffic: RemoteCache.Traffic) {
        var request = request
        request.isRequired = true
        let remote = try existingRemote(request)
        guard !remote.options.isReadOnly else {
            throw Mistake(
                "the remote cache is used read-only", at: nil, hint: "`readonly: true` or --remote-readonly says so")
        }
        // Also where there is nothing to be sent, that there is nobody to send it to is an error.
        _ = try await remote.survey(in: nil)
        return try await holdingStore { storeLock in
            let plan = try await currentPlan(
                writesLock: false, request: BuildRequest(isLocked: true), holding: storeLock)
            let engine = engine()
            let shared = SharedRecords(records, store: store, behind: remote, architecture: engine.architecture)
            var results = 0
            var found: [StepName: StepRecord] = [:]
            for (step, standing) in try await engine.standing(of: try plan.resolve(targets: []), in: plan.graph) {
                guard case .cached(let record) = standing,
                    let evaluation = step.evaluate(records: found, architecture: engine.architecture)
                else { continue }
                found[step.name] = record
                guard try await shared.share(record, of: step, evaluation) else { continue }
                results += 1
                events(.notice("\(step.name): \(record.outputs.values.map(\.size).reduce(.zero, +))"))
            }
            try await remote.keep(lockedStates(of: plan), from: store)
            return (results, remote.traffic)
        }
    }

    /// The signed states of the archives that `plan` is made of: once an archive has moved on, nobody else has them.
    func lockedStates(of plan: BuildPlan) throws -> Set<Blob> {
        try Set(plan.lock.only(declaration.distributionsInUse).distributions.flatMap(lockedState))
    }

    /// A bearer token (RFC 6750, 2.1), without the end of the line that a file has. It must not become two headers.
    private static func token(_ text: String) throws(Mistake) -> String {
        let token = String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Mistake(
                "the token for the remote cache is none: it is one word of visible characters", at: nil,
                hint: "look at DEPLOY_REMOTE_TOKEN, or at the file that remote.token names")
        }
        return token
    }
}
